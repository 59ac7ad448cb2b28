import { peekPredicate, type ConfigDocument, type Envelope, type Json } from '#libs/contracts'
import { bucketOf, inShare, scopeCovers, type Scope } from '#libs/policy'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'
import { deepFreeze } from './freeze.js'

/** A policy as rules read it, frozen through and through. Every key beside these is rule data. */
export interface PolicyValue {
  readonly id: string
  readonly version: string
  readonly effective: string
  readonly [field: string]: Json | undefined
}

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
  /** What the same head says from `atMs` (since 1970) on. */
  next: { atMs: number; held: HeldDocument } | null
}

/** What is in force for one reader. `until` (ms since 1970) is when that has to be asked again, if nothing comes before. */
export interface InForce {
  held: HeldDocument & { value: PolicyValue }
  until: number | null
}

/** Takes an admitted document apart. */
export function holdDocument(document: ConfigDocument): HeldDocument {
  const head = peekPredicate<HeadPredicate>(document.head)
  // What a head does not name nobody has verified.
  const value = head.current === null || document.release === null ? null : valueIn(document.release)
  return { document, head, value, next: nextOf(document, head) }
}

/** What a head makes of itself at its `next`: the same document with the held release as its current one. */
function nextOf({ next: brought, ...document }: ConfigDocument, { next, ...head }: HeadPredicate): HeldDocument['next'] {
  if (next === undefined || brought === undefined) return null
  const value = valueIn(brought.release)
  const later = {
    ...document,
    version: value.version,
    digest: next.release,
    release: brought.release,
    proof: brought.proof ?? null,
    run: next.run ?? document.run,
  }
  return { atMs: Date.parse(next.at), held: { document: later, head: { ...head, current: next.release }, value, next: null } }
}

function valueIn(release: Envelope): PolicyValue {
  return deepFreeze(peekPredicate<{ policy: PolicyValue }>(release).policy)
}

/** The document as it stands at `now`. */
export function standing(held: HeldDocument, now: number): HeldDocument {
  return held.next !== null && held.next.atMs <= now ? held.next.held : held
}

/**
 * The document of one policy that is in force for `reader`: its canary when one covers the reader, else stable; `null`
 * when there is neither. Pure, and independent of the order of `documents`.
 */
export function evaluate(documents: readonly HeldDocument[], reader: Reader, now: number): InForce | null {
  const present = documents.map((held) => standing(held, now))
  const stable = stableOf(present)
  const canaries = present.filter((held) => isCanaryFor(held, stable, reader, now)).sort(newestFirst)
  const chosen = canaries[0] ?? stable
  if (chosen === undefined || chosen.value === null) return null
  return { held: { ...chosen, value: chosen.value }, until: chosen === stable ? null : expiryOf(chosen.head) }
}

/**
 * The document that serves `reader`, whether it is in force or held for later: the canary that covers it or will, else stable. Anyone who
 * counts the bots counts this one for it.
 */
export function serving(documents: readonly HeldDocument[], reader: Reader, now: number): HeldDocument | undefined {
  const stable = stableOf(documents)
  const present = stable === undefined ? undefined : standing(stable, now)
  const covers = (held: HeldDocument): boolean =>
    isCanaryFor(standing(held, now), present, reader, now) || (held.next !== null && isCanaryFor(held.next.held, present, reader, now))
  return documents.filter(covers).sort(newestFirst)[0] ?? stable
}

function stableOf(documents: readonly HeldDocument[]): HeldDocument | undefined {
  return documents.find(({ head }) => head.scope === STABLE_SCOPE)
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
