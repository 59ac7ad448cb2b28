import type { JsonObject } from './canonical-json.js'
import type { Envelope } from './envelope.js'
import type { LogProof } from './log-proof.js'
import type { MetricGate } from './metric-gates.js'
import type { KeptPolicy } from './runs.js'

/** Maximum bytes of a run's policies together, as JSON. One message contains the new and the live releases, below the payload limit. */
export const MAX_RUN_BYTES = 320 * 1024

/** Plan of a release's rollout; part of the signed approval. */
export interface RolloutPlan {
  /** Share of the canary scope in basis points: 500 is 5 %. */
  share: number
  /** `region:NCR`, or `region:*` for all regions. */
  scope: string
  /** Display name of the scope, `National Capital Region`. */
  scopeName: string
  observeMs: number
  bakeMs: number
  /** Partner ids or groups; `null` means all registered. */
  partners: string[] | null
  /** Set if the roster requires evidence: then missing evidence pauses the run in every profile. */
  requireEvidence?: true
  /** Set if the roster requires power: then a canary that does not exclude a doubled alert rate pauses. */
  requirePower?: true
  metrics?: MetricGate[]
  /** All steps, if the canary has several. `share`, `scope` and `scopeName` repeat the first step. */
  ramp?: RampStep[]
}

/** Maximum steps of a canary, not counting the full rollout after them. */
export const MAX_RAMP_STEPS = 9

/** A step of a canary: observed for the plan's `observeMs`, with its own verdict. */
export type RampStep = {
  /** Basis points of the scope. */
  share: number
  scope: string
  scopeName: string
}

/** Returns the steps of a canary, without the full rollout after them. */
export function stepsOf({
  ramp,
  share,
  scope,
  scopeName,
}: Pick<RolloutPlan, 'ramp' | 'share' | 'scope' | 'scopeName'>): readonly RampStep[] {
  return ramp ?? [{ share, scope, scopeName }]
}

/** A release in messages. The envelope is authoritative; the other members repeat its payload. */
export interface ReleaseDocument {
  id: string
  version: string
  policyDigest: string
  releaseDigest: string
  releaseEpoch: number
  envelope: Envelope
  /** Set from the stage on that received the proof. */
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
  /** Policies in force outside the run that the expression reads, by id. */
  beside?: Record<string, JsonObject>
}

/** A verdict that ends a stage without success. `reason` is a stable code such as `UNEXPLAINED_ALERTS`. */
export interface StageFailure {
  run: number
  attempt: number
  reason: string
  detail: string
  next?: string[]
  kept?: KeptPolicy[]
  /** Test result or verification result of the stage that failed the run. */
  attestation?: Envelope
}
