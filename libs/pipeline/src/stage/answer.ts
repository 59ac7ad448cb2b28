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

/** Whether a decision ends the run; such decisions are forwarded to the stage that owns it. */
export function endsRun(decision: RunControl): boolean {
  return decision === 'abort' || decision === 'supersede'
}

/** Reason of a run paused by a person. */
export const MANUAL = 'MANUAL'

/** Returns `resumed by EPA Chief: the bot was replaced`. */
export function describeDecision({ decision, by, reason }: AcceptedDecision): string {
  return `${DONE[decision]} by ${by}: ${reason}`
}

/** Owner of a decision: this stage (`applied` or `late`), or a later stage that owns the run by now. */
export type Ownership = 'applied' | 'late' | 'elsewhere'

export function applied(decision: AcceptedDecision): Answer {
  return { do: 'answer', decision, outcome: 'applied', detail: describeDecision(decision) }
}

/** Returns the response to a decision that does not count; `undefined` if it counts. `standing` is for example `the canary is passed`. */
export function lateAnswer({ decision, refusal }: Asked, ownership: 'applied' | 'late', standing: string): Answer | undefined {
  const detail = ownership === 'late' ? standing : refusal
  return detail === undefined ? undefined : { do: 'answer', decision, outcome: 'late', detail }
}
