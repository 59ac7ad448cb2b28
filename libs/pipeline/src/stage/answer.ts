import type { AcceptedDecision, RunControl } from '#libs/contracts'
import type { Answer, Asked } from './decision.js'

const DONE: Record<RunControl, string> = {
  pause: 'paused',
  resume: 'resumed',
  promote: 'promoted',
  extend: 'extended',
  retry: 'retried',
  abort: 'aborted',
  supersede: 'superseded',
}

/** Both end the run, and follow it to the stage that owns it. */
export function endsRun(decision: RunControl): boolean {
  return decision === 'abort' || decision === 'supersede'
}

/** Why a run is paused that a person paused. */
export const MANUAL = 'MANUAL'

/** `resumed by EPA Chief: the bot was replaced`. */
export function describeDecision({ decision, by, reason }: AcceptedDecision): string {
  return `${DONE[decision]} by ${by}: ${reason}`
}

/** Whose decision it is: this stage's (`applied` or `late`), or that of a later stage that owns the run by now. */
export type Ownership = 'applied' | 'late' | 'elsewhere'

export function applied(decision: AcceptedDecision): Answer {
  return { do: 'answer', decision, outcome: 'applied', detail: describeDecision(decision) }
}

/** The one answer where a decision does not count, or `undefined` where it does. `standing`: `the canary is passed`. */
export function lateAnswer({ decision, refusal }: Asked, ownership: 'applied' | 'late', standing: string): Answer | undefined {
  const detail = ownership === 'late' ? standing : refusal
  return detail === undefined ? undefined : { do: 'answer', decision, outcome: 'late', detail }
}
