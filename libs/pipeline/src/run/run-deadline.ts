import { isTerminal, type RunState, type StageName } from '#libs/contracts'

/** Timeouts of a run per state, in ms. */
export interface RunTimeouts {
  /** Timeout of a stage, in addition to the waits in the plan. */
  stageMs: number
  /** Interval at which a run that waits for people, for its turn or for the end of a freeze is checked. */
  lookMs: number
  /** Timeout of a paused run; without a decision it then ends in the safe way. */
  pauseMs: number
}

/** Waits defined by the plan, in ms. */
export interface PlannedWaits {
  observeMs: number
  bakeMs: number
}

/**
 * Returns the timeout of a run in `state`, in ms from entering it; `undefined` in a terminal state. Every open state has one, so no run
 * waits for ever, even if a service died. `goesOnInMs`: when the stage continues by itself, as it reported, which is later than planned if
 * people extended it; the stage timeout starts from there.
 */
export function timeoutFor(state: RunState, waits: PlannedWaits, timeouts: RunTimeouts, goesOnInMs?: number): number | undefined {
  if (isTerminal(state)) return undefined
  switch (state) {
    case 'AWAITING_APPROVAL':
    case 'QUEUED':
      return timeouts.lookMs
    case 'WAITING':
      return goesOnInMs === undefined ? timeouts.lookMs : Math.max(0, goesOnInMs) + timeouts.stageMs
    case 'PAUSED':
      return timeouts.pauseMs
    case 'CANARY':
      return Math.max(waits.observeMs, goesOnInMs ?? 0) + timeouts.stageMs
    case 'BAKING':
      return Math.max(waits.bakeMs, goesOnInMs ?? 0) + timeouts.stageMs
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

/** Returns the stage that a run in this state waits for; `undefined` if it waits for people or for its turn. */
export function stageAwaited(state: RunState): StageName | undefined {
  return STAGE_OF[state]
}
