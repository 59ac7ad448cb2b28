import type { AcceptedDecision, RunControl } from '#libs/contracts'
import type { DecisionResponse, DecisionReceived } from './decision.js'

const DONE: Record<RunControl, string> = {
  pause: 'paused',
  resume: 'resumed',
  promote: 'promoted',
  extend: 'extended',
  retry: 'retried',
  abort: 'aborted',
  supersede: 'superseded',
}

/** Whether a decision ends the run. Stages forward such a decision to the stage that owns the run. */
export function endsRun(decision: RunControl): boolean {
  return decision === 'abort' || decision === 'supersede'
}

/** Reason of a run paused by a person. */
export const MANUAL = 'MANUAL'

/** Returns `resumed by EPA Chief: the bot was replaced`. */
export function describeDecision({ decision, by, reason }: AcceptedDecision): string {
  return `${DONE[decision]} by ${by}: ${reason}`
}

/** Handling of a decision: this stage applies it, reports it as late, or leaves it to the stage that owns the run by now (`elsewhere`). */
export type Ownership = 'applied' | 'late' | 'elsewhere'

export function applied(decision: AcceptedDecision): DecisionResponse {
  return { do: 'answer', decision, outcome: 'applied', detail: describeDecision(decision) }
}

/** Returns the response to a late or refused decision; `undefined` if it applies. `stateText`: for example `the canary is passed`. */
export function lateResponse(
  { decision, refusal }: DecisionReceived,
  ownership: 'applied' | 'late',
  stateText: string,
): DecisionResponse | undefined {
  const detail = ownership === 'late' ? stateText : refusal
  return detail === undefined ? undefined : { do: 'answer', decision, outcome: 'late', detail }
}
