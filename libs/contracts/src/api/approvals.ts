import type { Json, JsonObject } from '../canonical-json.js'
import type { Envelope } from '../envelope.js'
import type { RolloutPlan } from '../run-dossier.js'
import type { RunState } from '../runs.js'
import type { MetricGate } from '../metric-gates.js'

/** `POST /v1/approvals/prepare`: approver allots the epoch and binds plan, previous version and fallbacks. */
export interface PrepareRequest {
  policies: JsonObject[]
  plan?: PlanOptions
  author?: string
  /**
   * Who committed the file of each policy last, by policy id: the author where nobody else is named and the roster knows a person of that
   * name.
   */
  committedBy?: Record<string, string>
  /** Wait behind the active run of the policy instead of being refused. */
  queue?: boolean
  /** End the runs of these policies that are under way, once all have signed. */
  supersede?: boolean
}

/**
 * `POST /v1/approvals/prepare` for a rollback that no fallback allows: approver prepares a release that carries the earlier document, and
 * as many people sign it as approving that document would take.
 */
export interface PrepareRollbackRequest {
  /** `publicReason`, empty for none, is part of what is signed, and partners get it; then `reason` is kept beside the signatures. */
  rollback: { policy: string; version: string; reason?: string; publicReason?: string }
}

/**
 * `POST /v1/break-glass/prepare`: what is signed says that it is break-glass, and why. No part of it waits: see `BreakGlassRequest`.
 */
export interface PrepareBreakGlassRequest {
  policies: JsonObject[]
  reason: string
  author?: string
  committedBy?: Record<string, string>
}

/** `POST /v1/break-glass`: the signatures of all who sign, in one request. One of each person per release. */
export interface BreakGlassRequest {
  digest: string
  signatures: { release: string; keyid: string; sig: string }[]
}

/** Plan options of a caller. What is left out is filled by approver's configuration. */
export interface PlanOptions {
  /** Basis points, 1 to 10,000. */
  share?: number
  scope?: string
  observeMs?: number
  bakeMs?: number
  partners?: string[]
  /** `ID@VERSION` each. */
  fallbacks?: string[]
  metrics?: MetricGate[]
  /** Steps of the canary, instead of `share` and `scope`. The rollout to everybody follows the last. */
  ramp?: { share: number; scope: string }[]
}

export interface FieldDifference {
  field: string
  from?: Json
  to?: Json
  /** Of a number: that of the nearest map around it, as the policy writes it. Of `to`; of a removed field, of `from`. */
  units?: string
  /** Of `from`, where it is another than that of `to`; `null` for a value without unit. */
  unitsBefore?: string | null
  text: string
  /** Each a line of its own: another unit, another order of magnitude. */
  remarks?: string[]
}

/** One release that waits for signatures: `payload` (base64 of the statement) is what is signed, as DSSE. */
/** A version that nobody can be taken back to without new signatures: `reason` says why readers refuse it. */
export interface RefusedFallback {
  version: string
  reason: string
}

/** `GET /v1/approvals/fallbacks?policy=ID`: versions, the newest first, as of the roster in force. */
export interface FallbacksView {
  policy: string
  /** What the next release of the policy would name. */
  fallbacks: string[]
  refused: RefusedFallback[]
}

export interface PreparedRelease {
  id: string
  version: string
  policyDigest: string
  digest: string
  payload: string
  live: string | null
  /** This version was taken back before: by its run, or by people (`null`). */
  takenBack?: { run: number | null; at: string }
  /** Earlier versions that it would have as fallbacks, were they not refused by readers. */
  refusedFallbacks?: RefusedFallback[]
  differences: FieldDifference[]
}

export interface PreparedApproval {
  /** Release digest; of a bundle the digest over its sorted release digests. */
  digest: string
  run: number | null
  state: RunState | 'PREPARED'
  releases: PreparedRelease[]
  plan: RolloutPlan
  missing: string[]
  signedBy: string[]
  /** The author; their signatures count for nothing unless the roster says so. */
  authors: string[]
  /** The last signature ends the runs of these policies that are under way. */
  supersede?: true
  /** It skips simulation, canary, freezes and waiting. */
  breakGlass?: { reason: string }
  expiresAt: string
}

/** `POST /v1/approvals`. One signature per release of the approval. */
export interface ApprovalRequest {
  digest: string
  signatures: { release: string; keyid: string; sig: string }[]
  reason?: string
}

/** `approve --json`. */
export interface ApprovalView {
  run: number | null
  state: RunState | 'PREPARED'
  digest: string
  missing: string[]
}

/** Why somebody signed, in their own words. */
export interface SigningReason {
  name: string
  reason: string
}

/** `POST /v1/approvals/{digest}/decisions`: a signed decision, `reject` with its reason. */
export interface ApprovalDecisionRequest {
  statement: Envelope
}

/** `approvals list --json`. */
export interface ApprovalSummary extends ApprovalView {
  policies: { id: string; version: string; digest: string }[]
  signedBy: string[]
  authors: string[]
  reasons: SigningReason[]
  /** The last signature ends the runs of these policies that are under way. */
  supersede?: true
  breakGlass?: { reason: string }
  preparedAt: string
  expiresAt: string
}

/** Answer of `POST /v1/approvals/trial`: the guard's verdict on policies as if they were approved now. */
export interface GuardTrial {
  verdict: 'PASS' | 'WARN' | 'FAIL'
  /** `ID@VERSION` of the rule that decided; `null` where the roster did, or none had to. */
  rule: string | null
  sentence: string
}
