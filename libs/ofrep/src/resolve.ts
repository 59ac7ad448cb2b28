import type { OfrepReason } from '#libs/contracts'
import { evaluate, liveCanaries, type HeldDocument, type InForce, type Reader } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'

/** Release in force for one reader, with the reason. */
export interface Resolution {
  held: InForce['held']
  reason: OfrepReason
}

/**
 * Resolves the policy for a reader. `SPLIT` inside a canary; `TARGETING_MATCH` outside of a running one, because the result depends on the
 * reader; else `STATIC`, the only reason a provider may cache for all readers. `null` if nothing is in force for this reader.
 */
export function resolve(documents: readonly HeldDocument[], reader: Reader, now: number): Resolution | null {
  const found = evaluate(documents, reader, now)
  if (found === null) return null
  const { held } = found
  if (held.head.scope !== STABLE_SCOPE) return { held, reason: 'SPLIT' }
  return { held, reason: liveCanaries(documents, now).length > 0 ? 'TARGETING_MATCH' : 'STATIC' }
}
