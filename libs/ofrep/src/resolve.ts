import type { OfrepReason } from '#libs/contracts'
import { evaluate, liveCanaries, type HeldDocument, type InForce, type Reader } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'

/** What is in force for one reader, and why it is that. */
export interface Resolution {
  held: InForce['held']
  reason: OfrepReason
}

/**
 * `SPLIT` inside a canary; `TARGETING_MATCH` outside of one that is under way, for then the answer depends on who asks; else `STATIC`,
 * which alone a provider may keep for everybody. `null` when nothing is in force for this reader.
 */
export function resolve(documents: readonly HeldDocument[], reader: Reader, now: number): Resolution | null {
  const found = evaluate(documents, reader, now)
  if (found === null) return null
  const { held } = found
  if (held.head.scope !== STABLE_SCOPE) return { held, reason: 'SPLIT' }
  return { held, reason: liveCanaries(documents, now).length > 0 ? 'TARGETING_MATCH' : 'STATIC' }
}
