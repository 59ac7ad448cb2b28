import type { AppliedFrame } from '#libs/contracts'
import { isPolicyId } from '#libs/policy'
import { isDigest } from '#libs/signing'

/** Limit of held releases of a policy: no bot has more than one per scope, each with its head. */
const MAX_HELD = 20

/**
 * Parses the frame of a named bot; `undefined` for anything else. Keys must be policy ids and values digests, or the whole frame is
 * rejected.
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
