import type { JsonObject } from './canonical-json.js'
import type { Envelope } from './envelope.js'
import type { LogProof } from './log-proof.js'
import type { MetricGate } from './metric-gates.js'

/** Bytes that the policies of one run have together, as JSON: new and live ones travel in one message, below the bound of a payload. */
export const MAX_RUN_BYTES = 320 * 1024

/** What a rollout does with a release; bound into what its approvers sign. */
export interface RolloutPlan {
  /** Basis points of the canary scope: 500 is 5 %. */
  share: number
  /** `region:NCR`, or `region:*` for all regions. */
  scope: string
  /** Display name of the scope, `National Capital Region`. */
  scopeName: string
  observeMs: number
  bakeMs: number
  /** Partner ids or groups; `null` means all registered. */
  partners: string[] | null
  /** Set where the roster asks for it: no evidence pauses the run with every profile. */
  requireEvidence?: true
  /** Set where the roster asks for it: a canary that does not exclude a doubled rate of alerts pauses. */
  requirePower?: true
  /** What a Prometheus must say of the canary for it to pass. */
  metrics?: MetricGate[]
  /** Where the canary has several steps: all of them. Share and scope above are those of the first. */
  ramp?: RampStep[]
}

/** Steps of a canary, before the rollout to everybody that ends every ramp. */
export const MAX_RAMP_STEPS = 9

/** A step of a canary: it is observed for as long as the plan says, and judged by itself. */
export type RampStep = {
  /** Basis points of the scope. */
  share: number
  scope: string
  scopeName: string
}

/** The steps of a canary; the rollout to everybody follows the last. */
export function stepsOf({
  ramp,
  share,
  scope,
  scopeName,
}: Pick<RolloutPlan, 'ramp' | 'share' | 'scope' | 'scopeName'>): readonly RampStep[] {
  return ramp ?? [{ share, scope, scopeName }]
}

/** A release as messages carry it: the envelope is the truth, the rest is read from its payload. */
export interface ReleaseDocument {
  id: string
  version: string
  policyDigest: string
  releaseDigest: string
  releaseEpoch: number
  envelope: Envelope
  /** From the moment that a stage knew it. */
  proof?: LogProof
}

/** A version of a policy that was in force or prepared before. */
export interface VersionRef {
  version: string
  digest: string
}

export type StageAttestations = { lint?: Envelope; simulate?: Envelope; canary?: Envelope }

export interface LintFinding {
  file: string
  line: number
  column: number
  rule: string
  severity: 'error' | 'warning'
  message: string
  hint?: string
}

export interface ScenarioRule {
  id: string
  policies: string[]
  alert: string
  /** By id, of its policies that the run does not change: what the expression reads of the version that was in force. */
  beside?: Record<string, JsonObject>
}

/** A verdict that ends a stage without success. `reason` is a stable code such as `UNEXPLAINED_ALERTS`. */
export interface StageFailure {
  run: number
  attempt: number
  reason: string
  detail: string
  next?: string[]
  /** Of a stage that judged and refused: its test result or verification result. */
  attestation?: Envelope
}
