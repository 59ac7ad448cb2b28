import type { ServiceRuntime } from '#libs/stage'
import type { SeenStore } from '../witness/seen.store.js'
import { Witness } from '../witness/witness.js'
import { Sequencer, type LogKeys } from './sequencer.js'
import type { TreeStore } from './tree.store.js'

/** Under which the module provides what publishes checkpoints; `undefined` when the roster names no log. */
export const SEQUENCER = Symbol('Sequencer')

/** `seen`: the memory of the witness that lives here with profile dev. */
export function createSequencer(runtime: ServiceRuntime, tree: TreeStore, seen: SeenStore): Sequencer | undefined {
  const { database, clock, log, roster } = runtime
  const policy = roster.logPolicy
  return policy === undefined
    ? undefined
    : new Sequencer({
        database, tree, policy, clock, log,
        keys: () => keysOf(runtime, seen),
        announce: async (tx, proof) => void (await runtime.emit(tx, 'hms.release.logged.v1', proof, { key: proof.policy })),
      })
}

/** In production witnesses live elsewhere, or they would prove nothing. */
async function keysOf({ roster, profile, clock, signerNamed }: ServiceRuntime, seen: SeenStore): Promise<LogKeys | undefined> {
  const { log, witnesses } = roster.logPolicy!
  const signer = await signerNamed('audit-log')
  if (signer === undefined) return undefined
  const cosigner = profile === 'dev' ? await signerNamed('witness') : undefined
  const key = witnesses[0]
  return { signer, witnesses: cosigner === undefined || key === undefined ? [] : [new Witness(key, cosigner, [log], seen, clock)] }
}
