import { openDossier, STAGE_TOPICS, type ReceivedEvent, type RunDossier, type StageName } from '#libs/contracts'
import { guard, judgeReleases } from '#libs/guard'
import type { Transaction } from '#libs/persistence'
import type { ServiceRuntime } from '#libs/service'
import { emitVerdict } from '#libs/service'

/**
 * Whether the guard denies the run. Called by a stage before it starts; after `true` it does nothing more: approver reads the verdict and
 * ends the run. Emits nothing for a run to which no rule applies.
 */
export async function deniedByGuard(
  runtime: ServiceRuntime,
  tx: Transaction,
  stage: StageName,
  dossier: RunDossier,
  cause: Pick<ReceivedEvent, 'key' | 'id' | 'traceparent'>,
): Promise<boolean> {
  if ((dossier.guard ?? []).length === 0) return false
  const { run, attempt, releases, live, guard: rules = [] } = openDossier(dossier)
  const principal = { kind: 'service' as const, id: runtime.name, name: runtime.name, roles: [] }
  const asked = { action: 'advance' as const, principal, releases, live, rules, stage }
  const verdict = judgeReleases(guard, runtime.roster, asked)
  const options = { key: cause.key, run, attempt, causationId: cause.id, traceparent: cause.traceparent, topic: STAGE_TOPICS[runtime.name] }
  await emitVerdict(runtime, tx, verdict, asked, options)
  return verdict.verdict === 'FAIL'
}
