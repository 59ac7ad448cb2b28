import { action, command, HmsError, type LoggedApproval } from '#libs/contracts'
import { keyIdOf, type LogPolicy } from '#libs/signing'
import type { ServiceRuntime } from '#libs/service'
import { HttpWitness, type SeenStore, Witness, type WitnessLink } from '#libs/witness'
import type { EntryFacts } from '../entries/entry.js'
import { CheckpointLag } from './checkpoint-lag.js'
import { Sequencer, type LogKeys } from './sequencer.js'
import { SuspendedWitnesses } from './suspended-witnesses.js'
import type { TreeStore } from './tree.store.js'
import { readAuditConfig } from '../audit.config.js'

/** Creates the sequencer of this process. `seen`: checkpoints stored by the in-process witness of profile dev. */
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
      await runtime.outbox.emit(tx, 'hms.release.logged.v1', approval, { key: key!, ...runOf(approval) }) // guard: proof-names-its-run
    },
    lag: new CheckpointLag(metrics, clock, log),
    suspended: new SuspendedWitnesses(clock, log, metrics),
  })
  rosters.onAdvance(() => sequencer.reopen())
  runtime.concerns.add(() => sequencer.concerns)
  return sequencer
}

/** Returns the run that the event names: a proof that cannot be handled fails this run instead of leaving it waiting. */
function runOf({ entry }: LoggedApproval): { run: number; attempt: number } | undefined {
  const { run, attempt } = JSON.parse(entry) as Pick<EntryFacts, 'run' | 'attempt'>
  return run === null ? undefined : { run, attempt: attempt ?? 1 }
}

async function logKeysOf(runtime: ServiceRuntime, policy: LogPolicy, seen: SeenStore): Promise<LogKeys | undefined> {
  const signer = await runtime.signerNamed('audit-log')
  if (signer === undefined) {
    const next = command('serve.log-key', { service: 'audit' })
    runtime.log.error({ alarm: 'audit_no_log_key', next }, 'the key of the log is not configured: this process publishes no checkpoints')
    return undefined
  }
  if (signer.keyid !== keyIdOf(policy.log.key)) {
    const remedy = 'Set HMS_TRANSPARENCY_LOG_KEY_FILE to the file with that private key.'
    const detail = `The configured log key is ${signer.keyid}, but the roster names ${keyIdOf(policy.log.key)}. ${remedy}`
    throw new HmsError('HMS_IDENTITY_MISMATCH', detail, { status: 403, next: [action('roster.show')] })
  }
  return { signer, witnesses: await witnessLinks(runtime, policy, seen) }
}

/**
 * Creates links to this log's witnesses by the addresses in `HMS_AUDIT_WITNESS_URLS`. Without any, profile dev has one witness in this
 * process, which stores its checkpoints in `seen`; production has none and logs that, as a witness in this process would prove nothing.
 */
export async function witnessLinks(
  { environment, profile, clock, log, signerNamed }: ServiceRuntime,
  policy: LogPolicy,
  seen: SeenStore,
): Promise<WitnessLink[]> {
  const addresses = readAuditConfig(environment).witnesses
  if (addresses.length > 0) {
    const found = addresses.map((place, at) => ({
      place,
      key: place.name === undefined ? policy.witnesses[at] : policy.witnesses.find(({ name }) => name === place.name),
    }))
    const links = found.flatMap(({ place, key }) => (key === undefined ? [] : [new HttpWitness(key, place.url)]))
    const known = policy.witnesses.map(({ name }) => name).join(', ') || 'none'
    if (links.length < policy.quorum) {
      const detail = `HMS_AUDIT_WITNESS_URLS has ${links.length} of the roster's witnesses (${known}), and ${policy.quorum} must sign.`
      throw new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, next: [action('roster.show')] })
    }
    // Not an error: addresses are configured once, and a future or earlier roster may name these witnesses.
    const unknown = found.filter(({ key }) => key === undefined).map(({ place }) => place.name ?? place.url)
    if (unknown.length > 0)
      log.warn(
        { witnesses: unknown, known, next: command('roster.show') },
        'the roster does not name these configured witnesses; they are skipped',
      )
    return links
  }
  const signer = profile === 'dev' ? await signerNamed('witness') : undefined
  const key = policy.witnesses.find((each) => keyIdOf(each.key) === signer?.keyid)
  if (signer !== undefined && key !== undefined) return [new Witness(key, signer, () => [policy.log], seen, clock)]
  if (policy.quorum > 0) {
    log.error(
      { alarm: 'audit_no_witness', quorum: policy.quorum, next: command('serve.witnesses', { service: 'audit' }) },
      'no witness of the roster is configured: no checkpoint can be published',
    )
  }
  return []
}
