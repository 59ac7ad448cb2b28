import { orMissing, type ApiClient } from '#libs/client'
import { isOwnCommand, type CoverageView, type GuardTrial, type LintFinding, type RefusedFallback, type Trial } from '#libs/contracts'
import type { ImpactPage } from '#libs/impact'
import { describeChange, describeMagnitude, type FieldChange } from '#libs/policy'
import { findingLines } from '../lint/findings.js'
import type { Paint } from '../output/paint.js'
import { dotted } from '../output/render-run.js'
import { besideLines } from '../simulations/simulations.js'
import { folderLines, type FolderPolicy } from './compare-folder.js'
import { consequenceLines, type VerifiedConsequence } from './consequence.js'
import type { Hold } from './what-holds.js'

/** Deadline of a replay in ms, longer than the simulator's own. */
export const TRIAL_MS = 60_000

/** Connected bots that read a policy, and the number of up-to-date ones. */
type ReadingBots = Pick<CoverageView, 'total' | 'current'>

/** Returns the bots that read a policy; `null` before its first version. */
export async function botsOf(client: ApiClient, policy: string): Promise<ReadingBots | null> {
  const coverage = await orMissing(client.get('/v1/coverage', { policy }))
  return coverage === undefined ? null : { total: coverage.total, current: coverage.current }
}

export interface PlannedPolicy {
  id: string
  version: string
  /** Version in force now; `null` for a first version. */
  live: string | null
  differences: FieldChange[]
  bots: ReadingBots | null
  /** Earlier versions that cannot be rolled back to without new signatures. */
  refusedFallbacks: RefusedFallback[]
}

/** Value of `plan --json`. `simulation` is `null` if lint failed. */
export interface Plan extends VerifiedConsequence {
  verdict: Trial['verdict']
  policies: PlannedPolicy[]
  findings: (LintFinding & { pointer?: string })[]
  simulation: Trial | null
  /** Reasons why the change would wait if it were approved now: freezes, runs of the same policies, canaries of others. */
  holds: Hold[]
  /** Verdict of the guard; undefined if the services do not offer it. */
  guard?: GuardTrial
  /** Policies of the planned folder and those in force; undefined if files were named. */
  folder?: FolderPolicy[]
}

/** Renders the difference first, then its consequence, then the stages in the format of `runs show`. */
export function planLines(plan: Plan, paint: Paint): string[] {
  const differences = plan.policies.flatMap((policy) => policyLines(policy, paint))
  return [...(plan.folder === undefined ? [] : folderLines(plan.folder)), ...differences, ...outcomeLines(plan, paint)]
}

/** Renders consequence and stages; findings alone if nothing could be planned. */
export function outcomeLines(plan: Plan, paint: Paint): string[] {
  return plan.policies.length === 0 ? findingLines(plan.findings, paint) : [...consequenceLines(plan, paint), ...effectLines(plan, paint)]
}

/** Returns the content of the page that `--report` writes; undefined if nothing was replayed. */
export function pageOf({ policies, simulation }: Plan): ImpactPage | undefined {
  if (simulation === null || simulation.impact === null) return undefined
  const { verdict, detail, skipped, reportDigest, impact } = simulation
  return {
    title: policies.map(({ id, version, live }) => `${id} ${live === null ? version : `${live} → ${version}`}`).join(', '),
    verdict: `${verdict} (${detail})`,
    changes: policies.flatMap(({ id, differences }) => differences.map((change) => `${id}: ${describeChange(change)}`)),
    skipped,
    reportDigest,
    impact,
  }
}

/** Expected outcome of a run, as far as it can be tested before the approval. */
export type Effect = Pick<Plan, 'findings' | 'simulation' | 'guard' | 'holds'> & { policies: Pick<PlannedPolicy, 'id' | 'bots'>[] }

export function effectLines({ policies, findings, simulation, holds, guard }: Effect, paint: Paint): string[] {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const affected = policies.map(({ id, bots }) => (bots === null ? `none uses ${id} yet` : `${bots.total} connected use ${id}`))
  const lint = errors > 0 ? paint.bad(`FAIL (${errors} of ${findings.length})`) : paint.good('PASS')
  return [
    dotted('Lint & Schema', findings.length > 0 && errors === 0 ? `${lint} (warnings: ${findings.length})` : lint),
    ...findingLines(findings, paint).map((line) => `  ${line}`),
    ...(simulation === null ? [] : simulationLines(simulation, paint)),
    ...(guard === undefined || guard.verdict === 'PASS' ? [] : [guardLine(guard, paint)]),
    dotted('Affected Bots', affected.join(', ')),
    ...(holds.length === 0 ? [] : [dotted('Held Back', paint.warn(holds.length === 1 ? 'by one thing' : `by ${holds.length} things`))]),
    ...holds.map(({ detail }) => `  ${detail}`),
  ]
}

function policyLines({ id, version, live, differences, refusedFallbacks }: PlannedPolicy, paint: Paint): string[] {
  const versions = live === null ? `${version} (first version)` : `${live} → ${version}`
  const changes = differences.map((change) => `  ${describeChange(change)}`)
  const remarks = differences.flatMap(describeMagnitude).map((remark) => `  ${paint.bad(remark)}`)
  const changeLines = changes.length === 0 ? ['  no change of values'] : changes
  return [`${id} ${versions}`, ...changeLines, ...remarks, ...refusedFallbackLines(refusedFallbacks)]
}

function simulationLines({ verdict, detail, next, beside }: Trial, paint: Paint): string[] {
  const tone = { PASS: paint.good, FAIL: paint.bad, INCONCLUSIVE: paint.warn }[verdict]
  const more = [...next.filter(isOwnCommand).map((command) => `next: ${command}`), ...besideLines(beside)]
  return [dotted('Simulation Replay', tone(`${verdict} (${detail})`)), ...more.map((line) => `  ${line}`)]
}

function guardLine({ verdict, rule, sentence }: GuardTrial, paint: Paint): string {
  const text = `${verdict} (${rule === null ? '' : `${rule}: `}${sentence})`
  return dotted('Guard', verdict === 'FAIL' ? paint.bad(text) : paint.warn(text))
}

/** Returns a line for each version that was live earlier and to which the next release cannot be rolled back. */
export function refusedFallbackLines(refused: readonly RefusedFallback[] = []): string[] {
  return refused.map(
    ({ version, reason }) => `  ! ${version} is no fallback, a rollback to it needs new signatures: readers would refuse it (${reason})`,
  )
}
