import { action, command, HmsError, type LoggedApproval } from '#libs/contracts'
import { keyIdOf, type LogPolicy } from '#libs/signing'
import type { ServiceRuntime } from '#libs/service'
import type { SeenStore } from '#libs/witness'
import type { EntryFacts } from '../entries/entry.js'
import { witnessLinks } from '../witness/witness-links.js'
import { CheckpointLag } from './checkpoint-lag.js'
import { Sequencer, type LogKeys } from './sequencer.js'
import { SuspendedWitnesses } from './suspended-witnesses.js'
import type { TreeStore } from './tree.store.js'

/** Injection token of the sequencer. */
export const SEQUENCER = Symbol('Sequencer')

/** `seen`: memory of the in-process witness of profile dev. */
export function createSequencer(runtime: ServiceRuntime, tree: TreeStore, seen: SeenStore): Sequencer {
  const { database, clock, log, metrics, rosters } = runtime
  const sequencer = new Sequencer({
    database,
    tree,
    clock,
    log,
    policy: () => rosters.newest.logPolicy,
    keys: (policy) => logKeysOf(runtime, policy, seen),
    announce: async (tx, approval) => {
      const [key] = approval.releases.map(({ policy }) => policy).sort()
      await runtime.outbox.emit(tx, 'hms.release.logged.v1', approval, { key: key!, ...runOf(approval) })
    },
    lag: new CheckpointLag(metrics, clock, log),
    suspended: new SuspendedWitnesses(clock, log, metrics),
  })
  rosters.onAdvance(() => sequencer.reopen())
  runtime.concerns.add(() => sequencer.concerns)
  return sequencer
}

/** Returns the run that waits for this proof: a proof that cannot be handled fails the run instead of leaving it waiting. */
function runOf({ entry }: LoggedApproval): { run: number; attempt: number } | undefined {
  const { run, attempt } = JSON.parse(entry) as Pick<EntryFacts, 'run' | 'attempt'>
  return run === null ? undefined : { run, attempt: attempt ?? 1 }
}

async function logKeysOf(runtime: ServiceRuntime, policy: LogPolicy, seen: SeenStore): Promise<LogKeys | undefined> {
  const signer = await runtime.signerNamed('audit-log')
  if (signer === undefined) {
    const next = command('serve.log-key', { service: 'audit' })
    runtime.log.error(
      { alarm: 'audit_no_log_key', next },
      'the roster names a log, and its key is not here: this process publishes no checkpoint',
    )
    return undefined
  }
  if (signer.keyid !== keyIdOf(policy.log.key)) {
    throw new HmsError(
      'HMS_IDENTITY_MISMATCH',
      `The log's key is ${signer.keyid}, and the roster names ${keyIdOf(policy.log.key)}: put that into the file of ` +
        `HMS_TRANSPARENCY_LOG_KEY_FILE.`,
      { status: 403, next: [action('roster.show')] },
    )
  }
  return { signer, witnesses: await witnessLinks(runtime, policy, seen) }
}
