import type { Envelope } from '../envelope.js'

/** Body of a signed decision about an approval, a run or a ticket, and of a freeze that a person declares or lifts. */
export interface StatementRequest {
  statement: Envelope
}
