import { isTerminal, type RunState, type StageName } from '#libs/contracts'

/** How long a run may stay in one state; ms. */
export interface Patience {
  /** Beyond what the plan itself asks of a stage. */
  stageMs: number
  /** Waiting for people, for its turn or for the end of a freeze: how often it is looked at whether it was forgotten. */
  lookMs: number
  /** A paused run that nobody decides on ends in the safe way. */
  pauseMs: number
}

/** What of the plan is waiting by itself. */
export interface PlannedWaits {
  observeMs: number
  bakeMs: number
}

/**
 * When the row falls due that watches over a run in `state`, in ms from the moment it got there; `undefined` once it has ended. Every
 * open state has one: no run waits for ever, even if a service died. `goesOnInMs`: when it goes on by itself, where its stage said so,
 * which is later than planned where people extended it; from then on that stage has its time.
 */
export function patienceFor(state: RunState, waits: PlannedWaits, patience: Patience, goesOnInMs?: number): number | undefined {
  if (isTerminal(state)) return undefined
  switch (state) {
    case 'AWAITING_APPROVAL':
    case 'QUEUED':
      return patience.lookMs
    case 'WAITING':
      return goesOnInMs === undefined ? patience.lookMs : Math.max(0, goesOnInMs) + patience.stageMs
    case 'PAUSED':
      return patience.pauseMs
    case 'CANARY':
      return Math.max(waits.observeMs, goesOnInMs ?? 0) + patience.stageMs
    case 'BAKING':
      return Math.max(waits.bakeMs, goesOnInMs ?? 0) + patience.stageMs
    default:
      return patience.stageMs
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

/** The stage that a run in this state waits for; `undefined` for one that waits for people or for its turn. */
export function stageAwaited(state: RunState): StageName | undefined {
  return STAGE_OF[state]
}
