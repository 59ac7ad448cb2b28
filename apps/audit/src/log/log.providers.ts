import type { ServiceRuntime } from '#libs/stage'
import { FileSeenStore } from '../witness/seen.store.file.js'
import { MemorySeenStore } from '../witness/seen.store.memory.js'
import { Witness } from '../witness/witness.js'
import { Sequencer, type WitnessLink } from './sequencer.js'
import type { TreeStore } from './tree.store.js'

/** Under which the module provides what publishes checkpoints; `undefined` when the roster names no log. */
export const SEQUENCER = Symbol('Sequencer')

/** With profile dev the witness lives here, with a memory of its own; in production it lives elsewhere, or it would prove nothing. */
export async function createSequencer(runtime: ServiceRuntime, tree: TreeStore, inMemory: boolean): Promise<Sequencer | undefined> {
  const { database, clock, log, roster } = runtime
  const policy = roster.logPolicy
  const signer = policy === undefined ? undefined : await runtime.signerNamed('audit-log')
  if (policy === undefined || signer === undefined) return undefined
  return new Sequencer({ database, tree, policy, signer, witnesses: await localWitnesses(runtime, inMemory), clock, log })
}

async function localWitnesses({ roster, profile, environment, clock, signerNamed }: ServiceRuntime, inMemory: boolean): Promise<WitnessLink[]> {
  const policy = roster.logPolicy!
  const signer = profile === 'dev' ? await signerNamed('witness') : undefined
  const key = policy.witnesses[0]
  if (signer === undefined || key === undefined) return []
  const folder = environment['HMS_DATA_DIR'] ?? '.hms'
  return [new Witness(key, signer, [policy.log], inMemory ? new MemorySeenStore() : new FileSeenStore(`${folder}/witness`), clock)]
}
