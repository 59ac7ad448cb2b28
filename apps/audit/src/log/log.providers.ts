import type { ServiceRuntime } from '#libs/stage'
import type { SeenStore } from '../witness/seen.store.js'
import { Witness } from '../witness/witness.js'
import { Sequencer, type WitnessLink } from './sequencer.js'
import type { TreeStore } from './tree.store.js'

/** Under which the module provides what publishes checkpoints; `undefined` when the roster names no log. */
export const SEQUENCER = Symbol('Sequencer')

/** `seen`: the memory of the witness that lives here with profile dev. */
export async function createSequencer(runtime: ServiceRuntime, tree: TreeStore, seen: SeenStore): Promise<Sequencer | undefined> {
  const { database, clock, log, roster } = runtime
  const policy = roster.logPolicy
  const signer = policy === undefined ? undefined : await runtime.signerNamed('audit-log')
  if (policy === undefined || signer === undefined) return undefined
  return new Sequencer({ database, tree, policy, signer, witnesses: await localWitnesses(runtime, seen), clock, log })
}

/** In production witnesses live elsewhere, or they would prove nothing. */
async function localWitnesses({ roster, profile, clock, signerNamed }: ServiceRuntime, seen: SeenStore): Promise<WitnessLink[]> {
  const policy = roster.logPolicy!
  const signer = profile === 'dev' ? await signerNamed('witness') : undefined
  const key = policy.witnesses[0]
  return signer === undefined || key === undefined ? [] : [new Witness(key, signer, [policy.log], seen, clock)]
}
