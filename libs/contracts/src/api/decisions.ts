import type { Envelope } from '../envelope.js'

/** Body of `POST /v1/runs/{n}/decisions`: a signed decision about a run. The response is the run (`RunView`) including the decision. */
export interface RunDecisionRequest {
  statement: Envelope
}
