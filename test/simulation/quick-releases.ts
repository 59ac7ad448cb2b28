import type { Envelope } from '#libs/contracts'
import type { StatementDocument, ReleasePredicate } from '#libs/signing'

type Read = (envelope: unknown) => StatementDocument<ReleasePredicate> & { policyDigest: string }

/** A release is read a dozen times on its way; what was read of the same payload before is the same. */
export function rememberReleases<T extends { readRelease: Read }>(original: T): T {
  const known = new Map<string, ReturnType<Read>>()
  const readRelease: Read = (envelope) => {
    const { payload } = envelope as Envelope
    let document = known.get(payload)
    if (document === undefined) {
      if (known.size > 1_000) known.clear()
      known.set(payload, (document = original.readRelease(envelope)))
    }
    return document
  }
  return { ...original, readRelease }
}
