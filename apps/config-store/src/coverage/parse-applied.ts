import type { AppliedFrame } from '#libs/contracts'
import { isPolicyId } from '#libs/policy'
import { isDigest } from '#libs/signing'

/** What a named bot may say over its socket; `undefined` for anything else. Keys are policy ids and values digests, or nothing is taken of it. */
export function parseApplied(text: string): AppliedFrame | undefined {
  try {
    const { type, revision, applied } = JSON.parse(text) as Partial<AppliedFrame>
    if (type !== 'applied' || !Number.isSafeInteger(revision) || revision! < 0) return undefined
    if (typeof applied !== 'object' || applied === null || Array.isArray(applied)) return undefined
    const known = Object.entries(applied).every(([policy, digest]) => isPolicyId(policy) && isDigest(digest))
    return known ? { type, revision: revision!, applied } : undefined
  } catch {
    return undefined
  }
}
