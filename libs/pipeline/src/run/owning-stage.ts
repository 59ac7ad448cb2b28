import { isTerminal, STAGES, type StageName } from '#libs/contracts'
import { stateOf, waitingStage } from './project-run.js'
import { stageAwaited } from './run-deadline.js'
import type { RunFacts } from './run-facts.js'

/**
 * Returns the stage that owns the run according to these facts; `null` before the start. Decisions that end the run are forwarded from
 * there.
 */
export function owningStage(facts: RunFacts): StageName | null {
  if (facts.startedAt === undefined) return null
  return stageAwaited(stateOf(facts)) ?? waitingStage(facts) ?? pausedStage(facts) ?? null
}

/** Returns the stage at which a run is paused. */
export function pausedStage({ stages }: RunFacts): StageName | undefined {
  return STAGES.find((stage) => stages[stage]?.verdict === 'INCONCLUSIVE')
}

/**
 * Whether a newer release may supersede the run: it is approved, and none of its releases is in force for all readers. A rollout that has
 * begun is completed, and the newer release follows it, unless the effective time of each of its releases is in the future (`isAhead`).
 */
export function isSupersedable(facts: RunFacts, isAhead: boolean): boolean {
  if (facts.approvedAt === undefined || isTerminal(stateOf(facts))) return false
  // Break-glass has no canary, and nothing supersedes it.
  if (facts.breakGlass !== undefined) return false
  return isAhead || facts.stages.canary?.verdict !== 'PASS' || facts.stages.rollout?.waits === 'FREEZE'
}
