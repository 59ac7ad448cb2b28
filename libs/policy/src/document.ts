import { createHash } from 'node:crypto'
import { canonicalJson, MAX_ID } from '#libs/contracts'
import type { Json } from '#libs/contracts'
import type { Locate } from './finding.js'

/** A policy as the artifact says it: the known keys, and every other key as rule data. */
export type PolicyDocument = {
  id: string
  version: string
  /** RFC 3339 with offset. */
  effective: string
  title?: string
  description?: string
  owner?: string
  tags?: string[]
  units?: string
  /** Name of a registered JSON Schema for the rule data. */
  schema?: string
  /** Ids or groups of partners. */
  partners?: string[]
  /** One sentence that explains a major bump. */
  breaking?: string
  [key: string]: Json | undefined
}

/** A policy with its digest and the way back into the file it came from. */
export type PolicySource = {
  file: string
  policy: PolicyDocument
  /** `sha256:` and hex over the JCS form: comments and layout do not matter. */
  digest: string
  locate: Locate
}

export const POLICY_MAX_BYTES = 256 * 1024

/**
 * A request that brings the policies of a run as JSON. They are read as YAML, whose time goes by parts: a second of a processor for that
 * many.
 */
export const POLICIES_BODY = { bytes: 512 * 1024, parts: 65_536, depth: 70 }

export const POLICY_ID = /^[a-z0-9]+(-[a-z0-9]+)*$/

export const POLICY_KNOWN_KEYS = [
  'id',
  'version',
  'effective',
  'title',
  'description',
  'owner',
  'tags',
  'units',
  'schema',
  'partners',
  'breaking',
] as const

/** 3–100 characters of lower case words, digits and single hyphens. The same rule holds for scenario ids. */
export function isPolicyId(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 3 && value.length <= MAX_ID && POLICY_ID.test(value)
}

/** Throws `TypeError` for a value without a canonical form (see `canonicalJson`). */
export function policyDigest(policy: PolicyDocument): string {
  return `sha256:${createHash('sha256').update(canonicalJson(policy), 'utf8').digest('hex')}`
}

/** For a policy that arrived as JSON already: every finding points at 1:1. Throws as `policyDigest` does. */
export function sourceOf(policy: PolicyDocument, file: string): PolicySource {
  return { file, policy, digest: policyDigest(policy), locate: () => ({ line: 1, column: 1 }) }
}
