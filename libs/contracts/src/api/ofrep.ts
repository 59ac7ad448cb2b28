import type { Json, JsonObject } from '../canonical-json.js'

/** The OpenFeature Remote Evaluation Protocol, 0.3.0. Where its paths begin. */
export const OFREP_PATH = '/ofrep'

/** Body of both evaluations. Attributes besides the two named here are taken and not looked at. */
export interface OfrepRequest {
  context: OfrepContext
}

export interface OfrepContext {
  /** Decides on cohorts, as the name of a bot does. */
  targetingKey: string
  /** Decides on scopes, as the region of a bot does. */
  region?: string
  [attribute: string]: Json | undefined
}

/** Of the reasons that the schema of OFREP knows, those that tell something about a policy. */
export type OfrepReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT'

/** `ID` is the whole policy, `ID.FIELD` one of its members. */
export interface OfrepFlag {
  key: string
  /** A list, for which OFREP has no type, is `{ items: […] }`. */
  value: boolean | number | string | JsonObject
  reason: OfrepReason
  /** The version of the policy. */
  variant: string
  metadata: OfrepMetadata
}

/** Flat, and without null: some providers drop or refuse anything else. */
export interface OfrepMetadata {
  policyVersion: string
  /** From which on the version is in force in this scope. */
  revision: number
  /** Of the release. */
  digest: string
  scope: string
  effective: string
  runId?: number
  /** From a side-car: whether its copy may be old. */
  state?: 'READY' | 'STALE'
  /** From config-store: OFREP has no signatures, so the caller has not verified the value. A side-car verifies, and says nothing. */
  verification?: 'not-by-caller'
}

export interface OfrepBulk {
  flags: OfrepFlag[]
  eventStreams?: OfrepEventStream[]
}

/** Where to hear that an evaluation may have changed. The address may hold a secret. */
export interface OfrepEventStream {
  type: 'sse'
  endpoint: { requestUri: string }
  inactivityDelaySec: number
}

export type OfrepErrorCode = 'FLAG_NOT_FOUND' | 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL'

/** Every answer of the evaluation paths that is none of the above, whatever its status. */
export interface OfrepFailure {
  /** Of a single evaluation. */
  key?: string
  errorCode: OfrepErrorCode
  errorDetails: string
  metadata: { code: string; retryable: boolean; traceId?: string }
}
