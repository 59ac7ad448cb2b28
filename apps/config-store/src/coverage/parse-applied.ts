import type { AppliedFrame } from '#libs/contracts'

/** What a named bot may say over its socket; `undefined` for anything else. */
export function parseApplied(text: string): AppliedFrame | undefined {
  try {
    const { type, revision, applied } = JSON.parse(text) as Partial<AppliedFrame>
    if (type !== 'applied' || !Number.isSafeInteger(revision) || revision! < 0) return undefined
    if (typeof applied !== 'object' || applied === null || Array.isArray(applied)) return undefined
    return Object.values(applied).every((digest) => typeof digest === 'string') ? { type, revision: revision!, applied } : undefined
  } catch {
    return undefined
  }
}
