import { defined, isTerminal, type RunClock, type RunStage, type RunState, type RunView, type StageName, STAGES } from '#libs/contracts'
import type { RunFacts } from './run-facts.js'
import { workingStage } from './run-deadline.js'
import { BREAK_GLASS_REFUSALS } from '../stage/decision.js'

/** Derives the state of a run from its facts. The order of events does not matter. */
export function stateOf(facts: RunFacts): RunState {
  if (facts.ended !== undefined) return facts.ended.state
  const failed = failedStage(facts)
  if (failed !== undefined && facts.stages[failed]!.verdict === 'FAIL') {
    // Before the canary nothing was published. From the canary on, a failed stage takes back its heads, unless `wasNotRolledBack`.
    return failed === 'lint' || failed === 'simulate' || wasNotRolledBack(facts) ? 'FAILED' : 'ROLLED_BACK'
  }
  // The rollout's verdict defines the live release, so it precedes an end from outside: people must not take the earlier version as live.
  if (verdictOf(facts, 'rollout') === 'PASS' && verdictOf(facts, stagesOf(facts).at(-1)!) === 'PASS') return 'SUCCEEDED'
  if (facts.endedEarly !== undefined) return facts.endedEarly.state
  if (failed !== undefined) return 'PAUSED'
  if (waitingStage(facts) !== undefined) return 'WAITING'
  if (verdictOf(facts, 'rollout') === 'PASS') return 'NOTIFYING'
  if (facts.stages.rollout?.baking === true) return 'BAKING'
  if (verdictOf(facts, 'canary') === 'PASS') return 'ROLLING_OUT'
  if (verdictOf(facts, 'simulate') === 'PASS') return 'CANARY'
  if (verdictOf(facts, 'lint') === 'PASS') return facts.breakGlass === undefined ? 'SIMULATING' : 'ROLLING_OUT'
  if (facts.startedAt !== undefined) return facts.isRollback === true ? 'ROLLING_OUT' : 'LINTING'
  return facts.approvedAt === undefined ? 'AWAITING_APPROVAL' : 'QUEUED'
}

/** Returns the view of a run without the release digest, which the approval has. */
export function projectRun(facts: RunFacts): Omit<RunView, 'digest'> {
  const state = stateOf(facts)
  const stages = stagesOf(facts).map((stage) => projectStage(facts, stage, state))
  const reason = facts.ended === undefined ? reasonOf(facts) : facts.ended.reason
  const detail = facts.endedEarly?.state === state && state !== 'FAILED' ? facts.endedEarly.detail : undefined
  const clock = clockOf(facts, state)
  const supersededBy = state === 'SUPERSEDED' ? facts.endedEarly?.by : undefined
  return {
    run: facts.run,
    state,
    ...defined({ reason, detail, supersededBy }),
    attempt: facts.attempt,
    policies: facts.policies,
    stages,
    decisions: facts.decisions,
    ...defined({ kept: facts.kept, breakGlass: facts.breakGlass }),
    createdAt: facts.createdAt,
    endedAt: facts.ended?.at ?? null,
    ...defined({ continuesAt: resumesAt(facts), clock }),
  }
}

function stagesOf({ isRollback }: RunFacts): readonly StageName[] {
  return isRollback === true ? ['rollout'] : STAGES
}

/** Stages that a break-glass skips. */
const SKIPPED: readonly StageName[] = ['simulate', 'canary']

/** Reasons for which rollout refuses a break-glass before it publishes anything. */
const REFUSED: readonly (string | undefined)[] = [...BREAK_GLASS_REFUSALS, 'UNATTESTED', 'BUNDLE_BROKEN', 'READERS_REFUSE']

/** Whether a run that failed in its rollout was not rolled back: it had published nothing, or its policies stay in force. */
function wasNotRolledBack({ isRollback, breakGlass, kept, stages }: RunFacts): boolean {
  return kept !== undefined || isRollback === true || (breakGlass !== undefined && REFUSED.includes(stages.rollout?.reason))
}

function projectStage(facts: RunFacts, stage: StageName, state: RunState): RunStage {
  const known = facts.stages[stage] ?? {}
  if (facts.breakGlass !== undefined && SKIPPED.includes(stage))
    return { stage, verdict: 'SKIPPED', detail: 'break-glass', startedAt: null, endedAt: null }
  const unskipped = stagesOf(facts).filter((each) => facts.breakGlass === undefined || !SKIPPED.includes(each))
  const before = unskipped[unskipped.indexOf(stage) - 1]
  const startedAt =
    known.startedAt ??
    (before === undefined ? facts.startedAt : facts.stages[before]?.verdict === 'PASS' ? facts.stages[before].endedAt : undefined)
  const running = startedAt !== undefined && !isTerminal(state)
  // A fault or a deadline ended the run during this stage, which has no verdict of its own.
  const failure = startedAt !== undefined && known.verdict === undefined && state === 'FAILED' ? facts.endedEarly?.detail : undefined
  return {
    stage,
    verdict: known.verdict ?? (running ? 'RUNNING' : failure === undefined ? 'PENDING' : 'FAIL'),
    detail: failure ?? [known.detail, known.warning].filter((part) => part !== undefined && part !== '').join('; '),
    ...defined({ label: known.label, figures: known.figures, steps: known.steps }),
    startedAt: startedAt ?? null,
    endedAt: known.endedAt ?? null,
  }
}

/** Returns the reason of a failed stage, else of an end from outside the stages, else of a paused stage, else of a waiting stage. */
export function reasonOf(facts: RunFacts): string | undefined {
  const known = facts.stages[failedStage(facts) ?? 'lint']
  if (known?.verdict === 'FAIL') return known.reason
  return facts.endedEarly?.reason ?? known?.reason ?? facts.stages[waitingStage(facts) ?? 'lint']?.waits ?? undefined
}

/** Returns the stage that waits for the end of a freeze, a region or the effective time, and then continues without a decision. */
export function waitingStage({ stages }: RunFacts): StageName | undefined {
  return STAGES.find((stage) => stages[stage]?.verdict === undefined && stages[stage]?.waits != null)
}

/** Returns the stage that waits for the effective time, with that time (RFC 3339). */
export function timedWait(facts: RunFacts): { stage: StageName; until: string } | undefined {
  const stage = stateOf(facts) === 'WAITING' ? waitingStage(facts) : undefined
  const known = stage === undefined ? undefined : facts.stages[stage]
  return known?.waits === 'EFFECTIVE_AT' && known.until !== undefined ? { stage: stage!, until: known.until } : undefined
}

/** Returns when the run continues without a decision (RFC 3339), if reported: end of the observation or bake, or effective time. */
export function resumesAt(facts: RunFacts): string | undefined {
  const state = stateOf(facts)
  if (state === 'CANARY') return facts.stages.canary?.until
  if (state === 'BAKING') return facts.stages.rollout?.until
  return timedWait(facts)?.until
}

function failedStage(facts: RunFacts): StageName | undefined {
  return STAGES.find((stage) => facts.stages[stage]?.verdict === 'FAIL' || facts.stages[stage]?.verdict === 'INCONCLUSIVE')
}

function verdictOf(facts: RunFacts, stage: StageName): string | undefined {
  return facts.stages[stage]?.verdict
}

/** Returns the latest end among the facts (RFC 3339); the creation time if there is none. */
export function endOf(facts: RunFacts): string {
  const times = [facts.createdAt, facts.endedEarly?.at, ...STAGES.map((stage) => facts.stages[stage]?.endedAt)].filter(
    (time) => time !== undefined,
  )
  return times.sort().at(-1)!
}

/** States in which the release is live for all if rollout has reported its reach. */
const IN_FORCE: ReadonlySet<RunState> = new Set(['BAKING', 'NOTIFYING', 'SUCCEEDED', 'WAITING', 'PAUSED'])

/** Returns the clock of a run, which starts at its first accepted signature. */
function clockOf({ createdAt, stages: { rollout, notify } }: RunFacts, state: RunState): RunClock | undefined {
  const reach = rollout?.reach
  if (reach === undefined || !IN_FORCE.has(state)) return undefined
  const since = (at: string | null | undefined): number | null => (at == null ? null : (Date.parse(at) - Date.parse(createdAt)) / 1_000)
  const partners = notify?.partners ?? 0
  return {
    bots: reach.bots,
    current: reach.current,
    partners,
    told: notify?.told ?? 0,
    toldInTime: notify?.toldInTime ?? 0,
    acknowledged: notify?.acknowledged ?? 0,
    seconds: {
      half: since(reach.halfAt),
      most: since(reach.mostAt),
      all: since(reach.allAt),
      partners: partners > 0 && notify?.told === partners ? since(notify.toldAt ?? notify.endedAt) : null,
    },
    ...defined({ effectiveAt: rollout?.effectiveAt }),
  }
}

/** Returns the stage that owns the run; `null` before the start. A former owner forwards decisions that end the run. */
export function owningStage(facts: RunFacts): StageName | null {
  if (facts.startedAt === undefined) return null
  return workingStage(stateOf(facts)) ?? waitingStage(facts) ?? pausedStage(facts) ?? null
}

export function pausedStage({ stages }: RunFacts): StageName | undefined {
  return STAGES.find((stage) => stages[stage]?.verdict === 'INCONCLUSIVE')
}

/** Whether the run is approved and a newer release may supersede it: rollout has issued no heads, or none is effective yet. */
export function isSupersedable(facts: RunFacts, isNotYetEffective: boolean): boolean {
  if (facts.approvedAt === undefined || isTerminal(stateOf(facts))) return false
  // A break-glass is never superseded. It has no canary, so the check below does not apply to it.
  if (facts.breakGlass !== undefined) return false
  return isNotYetEffective || facts.stages.canary?.verdict !== 'PASS' || facts.stages.rollout?.waits === 'FREEZE'
}

/** Whether the releases of the run were taken back: a stage failed, people aborted the run, or a pause expired without a decision. */
export function isTakenBack(facts: RunFacts): boolean {
  const state = stateOf(facts)
  if (state === 'ROLLED_BACK') return true
  return state === 'ABORTED' && facts.kept === undefined && facts.startedAt !== undefined && facts.isRollback !== true
}
