import { peekPredicate, type ConfigDocument } from '#libs/contracts'
import { bucketOf, inShare, scopeCovers, type Scope } from '#libs/policy'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'
import { deepFreeze } from '../freeze.js'
import type { PolicyValue } from './hms-connection.js'

/** Who reads. Without a bot name no canary applies; the region counts for scopes only. */
export interface Reader {
  bot?: string
  region?: string
}

/** A document taken apart once. `value` is frozen, and `null` when the head names no release: withdrawn, or no canary. */
export interface HeldDocument {
  document: ConfigDocument
  head: HeadPredicate
  value: PolicyValue | null
}

/** What is in force for one reader. `until` (ms since 1970) is when that has to be asked again, if nothing comes before. */
export interface InForce {
  held: HeldDocument & { value: PolicyValue }
  until: number | null
}

/** Takes an admitted document apart. */
export function holdDocument(document: ConfigDocument): HeldDocument {
  const value = document.release === null ? null : deepFreeze(peekPredicate<{ policy: PolicyValue }>(document.release).policy)
  return { document, head: peekPredicate<HeadPredicate>(document.head), value }
}

/**
 * The document of one policy that is in force for `reader`: its canary when one covers the reader, else stable; `null`
 * when there is neither. Pure, and independent of the order of `documents`.
 */
export function evaluate(documents: readonly HeldDocument[], reader: Reader, now: number): InForce | null {
  const stable = documents.find(({ head }) => head.scope === STABLE_SCOPE)
  const canaries = documents.filter((held) => isCanaryFor(held, stable, reader, now)).sort(newestFirst)
  const chosen = canaries[0] ?? stable
  if (chosen === undefined || chosen.value === null) return null
  return { held: { ...chosen, value: chosen.value }, until: chosen === stable ? null : expiryOf(chosen.head) }
}

function isCanaryFor({ head, value }: HeldDocument, stable: HeldDocument | undefined, reader: Reader, now: number): boolean {
  if (head.scope === STABLE_SCOPE || value === null || reader.bot === undefined) return false
  const base = head.base ?? null
  // A canary speaks only for the stable release that it was started against; `current` = `base` is how one ends.
  if (base !== (stable?.head.current ?? null) || head.current === null || head.current === base) return false
  const expires = expiryOf(head)
  if (expires !== null && expires <= now) return false
  return scopeCovers(head.scope as Scope, reader) && inShare(bucketOf(head.policy, reader.bot, head.salt), head.share ?? 0)
}

/** A time that cannot be read has passed: a lease without a readable end is none. */
function expiryOf(head: HeadPredicate): number | null {
  return head.expires === undefined ? null : Date.parse(head.expires) || 0
}

/** There is one canary per policy at a time; should two cover a reader, every reader picks the same. */
function newestFirst(a: HeldDocument, b: HeldDocument): number {
  return b.head.seq - a.head.seq || (a.head.scope < b.head.scope ? -1 : 1)
}
