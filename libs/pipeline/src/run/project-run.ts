import { isTerminal, STAGES, type RunStage, type RunState, type RunView, type StageName } from '#libs/contracts'
import { BREAK_GLASS_REFUSALS } from '../stage/break-glass-refusals.js'
import { clockOf } from './run-clock.js'
import type { RunFacts } from './run-facts.js'

/** The run's state as its facts give it, whatever the order in which they came. */
export function stateOf(facts: RunFacts): RunState {
  if (facts.ended !== undefined) return facts.ended.state
  const failed = failedStage(facts)
  if (failed !== undefined && facts.stages[failed]!.verdict === 'FAIL') {
    // Before the canary nothing was published; from there on failing means that it was taken back. A rollback that fails published nothing.
    return failed === 'lint' || failed === 'simulate' || publishedNothing(facts) ? 'FAILED' : 'ROLLED_BACK'
  }
  // The verdict of the rollout says what is live. A run that ended before it came would let people build on the earlier version.
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

/** All of the view but the release digest, which is the approval's. */
export function projectRun(facts: RunFacts): Omit<RunView, 'digest'> {
  const state = stateOf(facts)
  const stages = stagesOf(facts).map((stage) => projectStage(facts, stage, state))
  const reason = facts.ended === undefined ? reasonOf(facts) : facts.ended.reason
  const detail = facts.endedEarly?.state === state && state !== 'FAILED' ? facts.endedEarly.detail : undefined
  const clock = clockOf(facts, state)
  const by = state === 'SUPERSEDED' ? facts.endedEarly?.by : undefined
  return {
    run: facts.run,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
    ...(by === undefined ? {} : { supersededBy: by }),
    attempt: facts.attempt,
    policies: facts.policies,
    stages,
    decisions: facts.decisions,
    ...(facts.breakGlass === undefined ? {} : { breakGlass: facts.breakGlass }),
    createdAt: facts.createdAt,
    endedAt: facts.ended?.at ?? null,
    ...(clock === undefined ? {} : { clock }),
  }
}

/** Those that the run shows, in their order. */
function stagesOf({ isRollback }: RunFacts): readonly StageName[] {
  return isRollback === true ? ['rollout'] : STAGES
}

/** Of a run that several people sent past them. */
const SKIPPED: readonly StageName[] = ['simulate', 'canary']

/** Why a run that comes straight from lint is refused before anything is published. */
const REFUSED: readonly (string | undefined)[] = [...BREAK_GLASS_REFUSALS, 'UNATTESTED', 'BUNDLE_BROKEN', 'READERS_REFUSE']

/** Of a run that failed in its rollout. */
function publishedNothing({ isRollback, breakGlass, stages }: RunFacts): boolean {
  return isRollback === true || (breakGlass !== undefined && REFUSED.includes(stages.rollout?.reason))
}

function projectStage(facts: RunFacts, stage: StageName, state: RunState): RunStage {
  const known = facts.stages[stage] ?? {}
  if (facts.breakGlass !== undefined && SKIPPED.includes(stage))
    return { stage, verdict: 'SKIPPED', detail: 'break-glass', startedAt: null, endedAt: null }
  const passed = stagesOf(facts).filter((each) => facts.breakGlass === undefined || !SKIPPED.includes(each))
  const before = passed[passed.indexOf(stage) - 1]
  const startedAt =
    known.startedAt ??
    (before === undefined ? facts.startedAt : facts.stages[before]?.verdict === 'PASS' ? facts.stages[before].endedAt : undefined)
  const running = startedAt !== undefined && !isTerminal(state)
  // A fault or a deadline ended it here: the stage itself never said why.
  const failure = startedAt !== undefined && known.verdict === undefined && state === 'FAILED' ? facts.endedEarly?.detail : undefined
  return {
    stage,
    verdict: known.verdict ?? (running ? 'RUNNING' : failure === undefined ? 'PENDING' : 'FAIL'),
    detail: failure ?? [known.detail, known.warning].filter((part) => part !== undefined && part !== '').join('; '),
    ...(known.label === undefined ? {} : { label: known.label }),
    ...(known.figures === undefined ? {} : { figures: known.figures }),
    ...(known.steps === undefined ? {} : { steps: known.steps }),
    startedAt: startedAt ?? null,
    endedAt: known.endedAt ?? null,
  }
}

/** A failed stage says why, then what ended the run from outside its stages, then the stage at which it is paused. */
export function reasonOf(facts: RunFacts): string | undefined {
  const known = facts.stages[failedStage(facts) ?? 'lint']
  if (known?.verdict === 'FAIL') return known.reason
  return facts.endedEarly?.reason ?? known?.reason ?? facts.stages[waitingStage(facts) ?? 'lint']?.waits ?? undefined
}

/** The stage that waits for the end of a freeze, for its region or for the time of its rule: it goes on by itself. */
export function waitingStage({ stages }: RunFacts): StageName | undefined {
  return STAGES.find((stage) => stages[stage]?.verdict === undefined && stages[stage]?.waits != null)
}

/** The stage that waits for a time that it named, and that time (RFC 3339). */
export function timedWait(facts: RunFacts): { stage: StageName; until: string } | undefined {
  const stage = stateOf(facts) === 'WAITING' ? waitingStage(facts) : undefined
  const known = stage === undefined ? undefined : facts.stages[stage]
  return known?.waits === 'EFFECTIVE_AT' && known.until !== undefined ? { stage: stage!, until: known.until } : undefined
}

/** When the run goes on by itself, where its stage said so (RFC 3339): its observation or bake ends, or its rule takes effect. */
export function goesOnAt(facts: RunFacts): string | undefined {
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

/** The latest time that anything is known of. */
export function endOf(facts: RunFacts): string {
  const times = [facts.createdAt, facts.endedEarly?.at, ...STAGES.map((stage) => facts.stages[stage]?.endedAt)].filter(
    (time) => time !== undefined,
  )
  return times.sort().at(-1)!
}
