import type { AppliedFrame } from '#libs/contracts'
import { isPolicyId } from '#libs/policy'
import { isDigest } from '#libs/signing'

/** A head in each scope, each with one that is held: more of them nobody has. */
const MAX_HELD = 20

/**
 * What a named bot may say over its socket; `undefined` for anything else. Keys are policy ids and values digests, or nothing is taken of
 * it.
 */
export function parseApplied(text: string): AppliedFrame | undefined {
  try {
    const { type, revision, applied, held, cohortKey } = JSON.parse(text) as Partial<AppliedFrame>
    if (type !== 'applied' || !Number.isSafeInteger(revision) || revision! < 0) return undefined
    if (!isByPolicy(applied, isDigest) || !(held === undefined || isByPolicy(held, areHeld))) return undefined
    return {
      type,
      revision: revision!,
      applied,
      ...(held === undefined ? {} : { held }),
      ...(cohortKey === true ? { cohortKey } : {}),
    }
  } catch {
    return undefined
  }
}

function isByPolicy<T>(value: Record<string, T> | undefined, isRight: (entry: unknown) => boolean): value is Record<string, T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(([policy, entry]) => isPolicyId(policy) && isRight(entry))
}

function areHeld(digests: unknown): boolean {
  return Array.isArray(digests) && digests.length <= MAX_HELD && digests.every(isDigest)
}
