import type { Envelope } from '../envelope.js'

/** `POST /v1/runs/{n}/decisions`: a signed decision about a run. Answers with the run (`RunView`), the decision in it. */
export interface RunDecisionRequest {
  statement: Envelope
}
