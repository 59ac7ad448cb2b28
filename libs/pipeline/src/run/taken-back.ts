import { stateOf } from './project-run.js'
import type { RunFacts } from './run-facts.js'

/** Whether the run's releases were taken back: a stage failed, people aborted it, or no decision was made in time. */
export function isTakenBack(facts: RunFacts): boolean {
  const state = stateOf(facts)
  if (state === 'ROLLED_BACK') return true
  return state === 'ABORTED' && facts.kept === undefined && facts.startedAt !== undefined && facts.isRollback !== true
}
