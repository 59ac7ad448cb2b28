import { isTerminal, type RolloutPlan, type RunState, type StageName } from '#libs/contracts'

export interface RunTimeouts {
  /** Timeout of a stage, in addition to the waits in the plan. */
  stageMs: number
  /** Interval of checks of a run that waits for signatures, in the queue, or for a freeze or a region. */
  checkMs: number
  /** Timeout of a paused run. Without a decision the run is aborted then. */
  pauseMs: number
}

export type PlannedWaits = Pick<RolloutPlan, 'observeMs' | 'bakeMs'>

/**
 * Returns a run's timeout in ms from now; `undefined` only in a terminal state, so that no run waits forever for a dead
 * service. `resumesInMs`: reported time, which people can extend, until the stage continues without a decision; the stage timeout is added.
 */
export function timeoutFor(state: RunState, waits: PlannedWaits, timeouts: RunTimeouts, resumesInMs?: number): number | undefined {
  if (isTerminal(state)) return undefined
  switch (state) {
    case 'AWAITING_APPROVAL':
    case 'QUEUED':
      return timeouts.checkMs
    case 'WAITING':
      return resumesInMs === undefined ? timeouts.checkMs : Math.max(0, resumesInMs) + timeouts.stageMs
    case 'PAUSED':
      return timeouts.pauseMs
    case 'CANARY':
      return Math.max(waits.observeMs, resumesInMs ?? 0) + timeouts.stageMs
    case 'BAKING':
      return Math.max(waits.bakeMs, resumesInMs ?? 0) + timeouts.stageMs
    default:
      return timeouts.stageMs
  }
}

const STAGE_OF: Partial<Record<RunState, StageName>> = {
  LINTING: 'lint',
  SIMULATING: 'simulate',
  CANARY: 'canary',
  ROLLING_OUT: 'rollout',
  BAKING: 'rollout',
  NOTIFYING: 'notify',
}

/** Returns the stage that works on a run in this state; `undefined` if the run waits for people, in the queue or for a condition. */
export function workingStage(state: RunState): StageName | undefined {
  return STAGE_OF[state]
}
