import type { Json, JsonObject } from '../canonical-json.js'

/** Path prefix of the OpenFeature Remote Evaluation Protocol, 0.3.0. */
export const OFREP_PATH = '/ofrep'

/** Body of both evaluations. Attributes other than the two named here are accepted and ignored. */
export interface OfrepRequest {
  context: OfrepContext
}

export interface OfrepContext {
  /** Determines the cohort, as a bot's name does. */
  targetingKey: string
  /** Determines the scopes, as a bot's region does. */
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

/** Metadata of a flag. Flat and without null, because some providers drop or reject anything else. */
export interface OfrepMetadata {
  policyVersion: string
  /** Revision that put the version in force in this scope. */
  revision: number
  /** Release digest. */
  digest: string
  scope: string
  effective: string
  runId?: number
  /** Only from a side-car: state of its reader; STALE if the value may be outdated. */
  state?: 'READY' | 'STALE'
  /** Only from config-store: OFREP has no signatures, so the caller verified nothing. A side-car verifies, and omits this member. */
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

/** Error response of the evaluation paths, with any status. */
export interface OfrepFailure {
  /** Set for a single evaluation. */
  key?: string
  errorCode: OfrepErrorCode
  errorDetails: string
  metadata: { code: string; retryable: boolean; traceId?: string }
}
