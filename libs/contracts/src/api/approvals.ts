import type { Json, JsonObject } from '../canonical-json.js'
import type { RolloutPlan } from '../run-dossier.js'
import type { RunState } from '../runs.js'
import type { MetricGate } from '../metric-gates.js'

/** Body of `POST /v1/approvals/prepare`. Approver assigns the epoch and binds plan, previous version and fallbacks. */
export interface PrepareRequest {
  policies: JsonObject[]
  plan?: PlanOptions
  author?: string
  /** Last committer of each policy's file, by policy id; the default author if the roster contains a person of that name. */
  committedBy?: Record<string, string>
  /** Queues the run behind the active run of the policy; without it, approver rejects the request. */
  queue?: boolean
  /** Ends the active runs of these policies with the last required signature. */
  supersede?: boolean
}

/**
 * Body of `POST /v1/approvals/prepare` for a rollback that no fallback permits. Approver prepares a release with the earlier document; it
 * requires the same number of signatures as approving that document.
 */
export interface PrepareRollbackRequest {
  /**
   * `reason` is part of the signed statement and sent to partners. With `publicReason`, which may be empty, that text is signed and sent
   * instead, and `reason` is only stored beside the signatures.
   */
  rollback: { policy: string; version: string; reason?: string; publicReason?: string }
}

/** Body of `POST /v1/break-glass/prepare`. Flag and reason are signed. No plan options: a break-glass has no canary, wait or bake. */
export interface PrepareBreakGlassRequest extends Pick<PrepareRequest, 'policies' | 'author' | 'committedBy'> {
  reason: string
}

/** Plan options in a request; approver's configuration supplies the defaults. */
export interface PlanOptions {
  /** Basis points, 1 to 10,000. */
  share?: number
  scope?: string
  observeMs?: number
  bakeMs?: number
  partners?: string[]
  /** Each as `ID@VERSION`. */
  fallbacks?: string[]
  metrics?: MetricGate[]
  /** Steps of the canary, instead of `share` and `scope`. The full rollout follows the last. */
  ramp?: { share: number; scope: string }[]
}

export interface FieldDifference {
  /** Dotted path: `limits.daily`, `steps.0.value`; a key that is not a plain word is quoted. */
  field: string
  from?: Json
  to?: Json
  /** Unit of a number in `to` (or in `from`, for a removed field), as stated by the nearest enclosing map in the policy. */
  units?: string
  /** Unit of `from`, if it differs from the unit of `to`; `null` for a value without unit. */
  unitsBefore?: string | null
  text: string
  /** Warnings, each on its own line: a changed unit, or a changed order of magnitude. */
  remarks?: string[]
}

/** A version that readers refuse as a fallback, and the reason. Rolling back to it needs new signatures. */
export interface RefusedFallback {
  version: string
  reason: string
}

/** Response of `GET /v1/approvals/fallbacks?policy=ID`: earlier versions, newest first, verified with the roster in force. */
export interface FallbacksView {
  policy: string
  /** Fallbacks that the next release of the policy would name. */
  fallbacks: string[]
  refused: RefusedFallback[]
}

/** One release to be signed as DSSE: `payload` is the statement in base64. */
export interface PreparedRelease {
  id: string
  version: string
  policyDigest: string
  digest: string
  payload: string
  live: string | null
  /** Earlier rollback of this version, by its run or by people (`run` is `null`). */
  takenBack?: { run: number | null; at: string }
  /** Earlier versions that would be fallbacks if readers did not refuse them. */
  refusedFallbacks?: RefusedFallback[]
  differences: FieldDifference[]
}

export interface PreparedApproval extends ApprovalView {
  releases: PreparedRelease[]
  plan: RolloutPlan
  signedBy: string[]
  /** Authors of the policies; their signatures count only if the roster permits it. */
  authors: string[]
  /** The last signature ends the active runs of these policies. */
  supersede?: true
  /** Break-glass: skips simulation, canary, freezes and waiting. */
  breakGlass?: { reason: string }
  expiresAt: string
}

/** Body of `POST /v1/approvals`: one signature per release of the approval. */
export interface ApprovalRequest {
  digest: string
  signatures: { release: string; keyid: string; sig: string }[]
  reason?: string
}

/** Output of `approve --json`. */
export interface ApprovalView {
  run: number | null
  state: RunState | 'PREPARED'
  /** Release digest; for a bundle, the digest of its sorted release digests. */
  digest: string
  missing: string[]
  /** Run ahead of this one whose release is not this one's `previous`. If that run succeeds, this run ends STALE. */
  overtakenBy?: number
}

/** A person's reason for signing. */
export interface SigningReason {
  name: string
  reason: string
}

/** Output of `approvals list --json`. */
export interface ApprovalSummary extends Omit<PreparedApproval, 'releases' | 'plan'> {
  policies: { id: string; version: string; digest: string }[]
  reasons: SigningReason[]
  preparedAt: string
}

/** Response of `POST /v1/approvals/trial`: the guard's verdict if these policies were approved now. */
export interface GuardTrial {
  verdict: 'PASS' | 'WARN' | 'FAIL'
  /** `ID@VERSION` of the rule that decided; `null` if the roster decided, or no rule applied. */
  rule: string | null
  sentence: string
}
