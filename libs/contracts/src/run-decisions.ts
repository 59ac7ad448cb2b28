import type { Envelope } from './envelope.js'
import type { RunControl, StageName } from './runs.js'

/** A person said no to an approval that waited for signatures; `statement` is what was signed. */
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

/** A decision about a run, on its way to the stage that owns the run. Exactly one stage answers, or the run ends first. */
export interface AcceptedDecision {
  run: number
  attempt: number
  /** Digest of what was signed; of `supersede` the digest of the newer approval. */
  id: string
  decision: RunControl
  /** Where the run was as far as approver knew; `null` when it had not started, so that approver applied the decision itself. */
  stage: StageName | null
  /** Of `extend`: by how much. */
  byMs?: number
  /** Name of the person; of `supersede` the newer run. */
  by: string
  reason: string
  /** What partners are told. */
  publicReason?: string
  /** What the person signed; of `supersede` a release of the newer run, with all its signatures. */
  statement: Envelope
}

export interface DecisionAnswer {
  run: number
  attempt: number
  id: string
  decision: RunControl
  stage: StageName
  detail: string
}

/** What the guard said of a signature, of a stage that was about to start, or of a rollback. Names and digests, no contents of policies. */
export interface GuardJudged {
  action: 'approve' | 'advance' | 'rollback'
  /** `null` before a run has its number, and of a rollback. */
  run: number | null
  /** `null` unless a stage was about to start. */
  stage: StageName | null
  verdict: 'PASS' | 'WARN' | 'FAIL'
  /** `ID@VERSION` of the rule that decided; `null` on PASS. */
  rule: string | null
  sentence: string
  /** Release digests of the rules that were asked. */
  rules: string[]
  /** Release digests of what was judged. */
  releases: string[]
  /** Roster id of the caller. */
  principal: string
  /** The same as in-toto's verification result. */
  attestation: Envelope
}
