import type { Envelope } from './envelope.js'
import type { KeptPolicy, RunControl, StageName } from './runs.js'

/** A rejected approval. `statement` is the signed rejection. */
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

/** A person's decision about a run, published to the stages. The stage that owns the run responds, unless the run ends first. */
export interface AcceptedDecision {
  run: number
  attempt: number
  /** Digest of the signed statement; for `supersede`, of the newer approval. */
  id: string
  decision: RunControl
  /** Stage of the run as known to approver; `null` if the run had not started, and approver applied the decision itself. */
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
  /** Policies that an abort in the rollout left in force. */
  kept?: KeptPolicy[]
}

/** The guard's verdict on a signature, on the start of a stage, or on a rollback. Contains names and digests but no policy contents. */
export interface GuardJudged {
  action: 'approve' | 'advance' | 'rollback'
  /** `null` before the run has a number, and for a rollback. */
  run: number | null
  /** Stage about to start; `null` for other actions. */
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
  /** This verdict as a signed in-toto verification result. */
  attestation: Envelope
}
