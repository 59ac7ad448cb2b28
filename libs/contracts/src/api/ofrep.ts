import type { Json, JsonObject } from '../canonical-json.js'

/** Path prefix of the OpenFeature Remote Evaluation Protocol, 0.3.0. */
export const OFREP_PATH = '/ofrep'

/** Body of both evaluations. Attributes other than the two named here are accepted and ignored. */
export interface OfrepRequest {
  context: OfrepContext
}

export interface OfrepContext {
  /** Selects cohorts, as a bot's name does. */
  targetingKey: string
  /** Selects scopes, as a bot's region does. */
  region?: string
  [attribute: string]: Json | undefined
}

/** Reasons of OFREP's schema that apply to policies. */
export type OfrepReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT'

/** Evaluated flag: `ID` is the whole policy, `ID.FIELD` one of its members. */
export interface OfrepFlag {
  key: string
  /** Value; a list, for which OFREP has no type, is `{ items: […] }`. */
  value: boolean | number | string | JsonObject
  reason: OfrepReason
  /** Version of the policy. */
  variant: string
  metadata: OfrepMetadata
}

/** Flat, and without null: some providers drop or reject anything else. */
export interface OfrepMetadata {
  policyVersion: string
  /** Revision from which the version is in force in this scope. */
  revision: number
  /** Release digest. */
  digest: string
  scope: string
  effective: string
  runId?: number
  /** From a side-car: whether its copy may be outdated. */
  state?: 'READY' | 'STALE'
  /** From config-store: OFREP has no signatures, so the caller has not verified the value. A side-car verifies, and omits this. */
  verification?: 'not-by-caller'
}

export interface OfrepBulk {
  flags: OfrepFlag[]
  eventStreams?: OfrepEventStream[]
}

/** Stream that notifies of changed evaluations. Its URL may contain a secret. */
export interface OfrepEventStream {
  type: 'sse'
  endpoint: { requestUri: string }
  inactivityDelaySec: number
}

export type OfrepErrorCode = 'FLAG_NOT_FOUND' | 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL'

/** Any other response of the evaluation paths, whatever its status. */
export interface OfrepFailure {
  /** Set for a single evaluation. */
  key?: string
  errorCode: OfrepErrorCode
  errorDetails: string
  metadata: { code: string; retryable: boolean; traceId?: string }
}
