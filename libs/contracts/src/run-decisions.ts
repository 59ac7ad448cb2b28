import type { Envelope } from './envelope.js'
import type { KeptPolicy, RunControl, StageName } from './runs.js'

/** A rejected approval that was waiting for signatures; `statement` is the signed rejection. */
export interface RejectedApproval {
  run: number
  attempt: number
  /** Digest of the approval. */
  approval: string
  /** Name of the person. */
  by: string
  reason: string
  publicReason?: string
  statement: Envelope
}

/** A decision about a run, published to the stage that owns the run. Exactly one stage responds, or the run ends first. */
export interface AcceptedDecision {
  run: number
  attempt: number
  /** Digest of the signed statement; for `supersede`, of the newer approval. */
  id: string
  decision: RunControl
  /** Stage of the run as known to approver; `null` if it had not started, so that approver applied the decision itself. */
  stage: StageName | null
  /** Duration of `extend`, ms. */
  byMs?: number
  /** Name of the person; for `supersede`, the newer run. */
  by: string
  reason: string
  /** Reason sent to partners. */
  publicReason?: string
  /** Signed statement of the person; for `supersede`, a release of the newer run with all its signatures. */
  statement: Envelope
}

export interface DecisionAnswer {
  run: number
  attempt: number
  id: string
  decision: RunControl
  stage: StageName
  detail: string
  /** Of an abort in the rollout: what it left in force. */
  kept?: KeptPolicy[]
}

/** The guard's verdict on a signature, on the start of a stage, or on a rollback. Contains names and digests, no policy contents. */
export interface GuardJudged {
  action: 'approve' | 'advance' | 'rollback'
  /** `null` before the run has a number, and for a rollback. */
  run: number | null
  /** `null` unless a stage was about to start. */
  stage: StageName | null
  verdict: 'PASS' | 'WARN' | 'FAIL'
  /** `ID@VERSION` of the rule that decided; `null` on PASS. */
  rule: string | null
  sentence: string
  /** Release digests of the evaluated rules. */
  rules: string[]
  /** Release digests of the judged releases. */
  releases: string[]
  /** Roster id of the caller. */
  principal: string
  /** The same verdict as in-toto's verification result. */
  attestation: Envelope
}
