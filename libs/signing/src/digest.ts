import { canonicalJson, fromBase64, toHex, type Envelope, type ScenarioRule } from '#libs/contracts'
import { sha256 } from './crypto/node.js'
import type { Subject } from './statement.js'

/** Returns `sha256:` and 64 lower-case hex digits; a string is hashed as UTF-8. */
export function digestOf(data: Uint8Array | string): string {
  return `sha256:${toHex(sha256(data))}`
}

/** Returns the digest of an envelope's payload, independent of its signatures. */
export function digestOfPayload({ payload }: Pick<Envelope, 'payload'>): string {
  return digestOf(fromBase64(payload))
}

/** Returns the digest over the canonical form of a JSON value. For a policy this is its policy digest. */
export function digestOfJson(value: unknown): string {
  return digestOf(canonicalJson(value))
}

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
}

/** Returns the hex part of a digest, as used in in-toto subjects. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}

/** Returns a scenario as subject: SHA-256 over the RFC 8785 form of `{ alert, id, policies }`. The replay's report names the corpus. */
export function scenarioSubject({ id, policies, alert }: ScenarioRule): Subject {
  return { name: `scenario ${id}`, digest: { sha256: hexOf(digestOfJson({ id, policies, alert })) } }
}
