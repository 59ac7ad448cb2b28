import { isTerminal, STAGES, type StageName } from '#libs/contracts'
import { stateOf, waitingStage } from './project-run.js'
import { stageAwaited } from './run-deadline.js'
import type { RunFacts } from './run-facts.js'

/** The stage that has the run as far as these facts go; `null` before it has started. What ends the run follows it from there. */
export function owningStage(facts: RunFacts): StageName | null {
  if (facts.startedAt === undefined) return null
  return stageAwaited(stateOf(facts)) ?? waitingStage(facts) ?? pausedStage(facts) ?? null
}

/** The stage at which a run is paused. */
export function pausedStage({ stages }: RunFacts): StageName | undefined {
  return STAGES.find((stage) => stages[stage]?.verdict === 'INCONCLUSIVE')
}

/**
 * Whether a newer release may take the run's place: it has its signatures, and nothing of it is in force for all readers. A rollout that
 * has begun goes on to its end, and the newer release follows it, unless the time of each of its releases lies ahead (`isAhead`).
 */
export function isSupersedable(facts: RunFacts, isAhead: boolean): boolean {
  if (facts.approvedAt === undefined || isTerminal(stateOf(facts))) return false
  // Break-glass has no canary: nobody is asked to wait for it, and nothing takes its place.
  if (facts.breakGlass !== undefined) return false
  return isAhead || facts.stages.canary?.verdict !== 'PASS' || facts.stages.rollout?.waits === 'FREEZE'
}
