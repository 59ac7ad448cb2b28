import { deepFreeze, peekPredicate, type ConfigDocument, type Envelope, type Json } from '#libs/contracts'
import { bucketOf, inShare, scopeCovers, type Scope } from '#libs/policy'
import { STABLE_SCOPE, type HeadPredicate } from '#libs/signing'

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
  /** A reader of an earlier version: its buckets hash the policy id, and it uses the canaries of a bundle one by one (ADR 0089). */
  beforeCohortKey?: boolean
}

/** A document taken apart once. `value` is frozen, and `null` when the head names no release: withdrawn, or no canary. */
export interface HeldDocument {
  document: ConfigDocument
  head: HeadPredicate
  value: PolicyValue | null
  /** The revision from which on this place names this release: a lease that is renewed has a newer one each time. */
  firstRevision: number
  /** What the same head says from `atMs` (since 1970) on. */
  next: { atMs: number; held: HeldDocument } | null
  /** Of a bundle's canary: readers pass over it, see `withWholeBundles`. */
  isParted?: boolean
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
  return { document, head, value, firstRevision: document.revision, next: nextOf(document, head) }
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
  const turned = { ...head, current: next.release, sinceSeq: next.sinceSeq }
  return {
    atMs: Date.parse(next.at),
    held: { document: later, head: turned, value, firstRevision: document.revision, next: null },
  }
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

/** The canaries that are live at `now`, whichever readers they cover: while there are some, not all readers see the same. */
export function liveCanaries(documents: readonly HeldDocument[], now: number): HeldDocument[] {
  const present = documents.map((held) => standing(held, now))
  const stable = stableOf(present)
  return present.filter((held) => isLiveCanary(held, stable, now))
}

/** When what is in force for some reader changes next without a new document (ms since 1970); `null` for never. */
export function nextTurn(documents: readonly HeldDocument[], now: number): number | null {
  const turns = documents.flatMap(({ next }) => (next === null || next.atMs <= now ? [] : [next.atMs]))
  const leases = liveCanaries(documents, now).flatMap(({ head }) => expiryOf(head) ?? [])
  return [...turns, ...leases].reduce<number | null>((first, at) => (first === null || at < first ? at : first), null)
}

function stableOf(documents: readonly HeldDocument[]): HeldDocument | undefined {
  return documents.find(({ head }) => head.scope === STABLE_SCOPE)
}

function isCanaryFor(held: HeldDocument, stable: HeldDocument | undefined, reader: Reader, now: number): boolean {
  if (reader.bot === undefined || !isLiveCanary(held, stable, now, reader.beforeCohortKey)) return false
  const { head } = held
  return scopeCovers(head.scope as Scope, reader) && inShare(bucketIn(head, reader.bot, reader.beforeCohortKey), head.share ?? 0)
}

/** The bucket of a bot in a canary, 0..9999. */
export function bucketIn({ policy, cohortKey = policy, salt }: HeadPredicate, bot: string, beforeCohortKey = false): number {
  return bucketOf(beforeCohortKey ? policy : cohortKey, bot, salt)
}

function isLiveCanary(
  { head, value, isParted = false }: HeldDocument,
  stable: HeldDocument | undefined,
  now: number,
  beforeCohortKey = false,
): boolean {
  if (head.scope === STABLE_SCOPE || value === null || (isParted && !beforeCohortKey)) return false
  // `current` = `base` is how a canary ends.
  if (head.current === null || head.current === (head.base ?? null) || !isOnStable(head, stable?.head)) return false
  const expires = expiryOf(head)
  return expires === null || expires > now
}

/** Whether stable is what the canary was started against: it speaks for no other. */
export function isOnStable(canary: HeadPredicate, stable: HeadPredicate | undefined): boolean {
  return (canary.base ?? null) === (stable?.current ?? null) && !wasLeft(canary, stable)
}

/** Stable left the release that the canary stands on, and came back to it: a canary that was over does not wake. */
function wasLeft({ baseSeq }: HeadPredicate, stable: HeadPredicate | undefined): boolean {
  return baseSeq !== undefined && stable?.sinceSeq !== undefined && stable.sinceSeq > baseSeq
}

/** A time that cannot be read has passed: a lease without a readable end is none. */
function expiryOf(head: HeadPredicate): number | null {
  return head.expires === undefined ? null : Date.parse(head.expires) || 0
}

/** There is one canary per policy at a time; should two cover a reader, every reader picks the same. */
function newestFirst(a: HeldDocument, b: HeldDocument): number {
  return b.head.seq - a.head.seq || (a.head.scope < b.head.scope ? -1 : 1)
}
