import { createHash } from 'node:crypto'
import { canonicalJson, type Json, MAX_ID } from '#libs/contracts'
import type { Locate } from './finding.js'

/** A policy as in its artifact: the known keys, and every other key as rule data. */
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

/** A policy with its digest and a function that locates members in its source file. */
export type PolicySource = {
  file: string
  policy: PolicyDocument
  /** `sha256:` and hex over the JCS form, so comments and layout do not matter. */
  digest: string
  locate: Locate
}

export const POLICY_MAX_BYTES = 256 * 1024

/** Limits of a request with a run's policies as JSON. They are parsed as YAML: this number of parts takes a second of CPU. */
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

/** Whether a value is a policy id: 3–100 characters of lower-case words, digits and single hyphens. Scenario ids follow the same rule. */
export function isPolicyId(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 3 && value.length <= MAX_ID && POLICY_ID.test(value)
}

/** Returns the policy digest. Throws `TypeError` for a value without a canonical form (see `canonicalJson`). */
export function policyDigest(policy: PolicyDocument): string {
  return `sha256:${createHash('sha256').update(canonicalJson(policy), 'utf8').digest('hex')}`
}

/** Returns the source of a policy that arrived as JSON: every finding has position 1:1. Throws as `policyDigest` does. */
export function sourceOf(policy: PolicyDocument, file: string): PolicySource {
  return { file, policy, digest: policyDigest(policy), locate: () => ({ line: 1, column: 1 }) }
}
