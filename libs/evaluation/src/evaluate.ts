import { deepFreeze, groupBy, peekPredicate, type ConfigDocument, type Envelope, type Json, type OfrepReason } from '#libs/contracts'
import { bucketOf, inShare, scopeCovers, scopesOverlap, type Scope } from '#libs/policy'
import { type HeadPredicate, STABLE_SCOPE } from '#libs/signing'

/** A policy as read by rules, deeply frozen. All other keys are rule data. */
export interface PolicyValue {
  readonly id: string
  readonly version: string
  readonly effective: string
  readonly [field: string]: Json | undefined
}

/** Identity of a reader. Without a bot name no canary applies; the region only affects scopes. */
export interface Reader {
  bot?: string
  region?: string
  /** Set for a reader of an earlier build: its buckets hash the policy id, and it uses the canaries of a bundle individually (ADR 0089). */
  beforeCohortKey?: boolean
}

/** A decoded document. `value` is frozen, and `null` if the head names no release: withdrawn, or no canary. */
export interface HeldDocument {
  document: ConfigDocument
  head: HeadPredicate
  value: PolicyValue | null
  /** First revision in which the head of this scope names this release; a renewed lease has a newer revision each time. */
  firstRevision: number
  /** The document as it is from `atMs` (epoch milliseconds) on, if its head schedules a release. */
  next: { atMs: number; held: HeldDocument } | null
  /** Set for an incomplete bundle's canary: readers ignore it, see `markIncompleteBundles`. */
  isParted?: boolean
}

/** Value in force for a reader. `until`: end of the canary's lease (epoch milliseconds); `null` for a stable release or without a lease. */
export interface InForce {
  held: HeldDocument & { value: PolicyValue }
  until: number | null
}

/** Decodes an admitted document. */
export function decodeDocument(document: ConfigDocument): HeldDocument {
  const head = peekPredicate<HeadPredicate>(document.head)
  // If the head names no release, the one in the document is unverified.
  const value = head.current === null || document.release === null ? null : valueIn(document.release)
  return { document, head, value, firstRevision: document.revision, next: nextOf(document, head) }
}

/** Returns the document as it is from the effective time of its `next` on, with the held release as its current one. */
function nextOf({ next: scheduled, ...document }: ConfigDocument, { next, ...head }: HeadPredicate): HeldDocument['next'] {
  if (next === undefined || scheduled === undefined) return null
  const value = valueIn(scheduled.release)
  const later = {
    ...document,
    version: value.version,
    digest: next.release,
    release: scheduled.release,
    proof: scheduled.proof ?? null,
    run: next.run ?? document.run,
  }
  const scheduledHead = { ...head, current: next.release, sinceSeq: next.sinceSeq }
  return { atMs: Date.parse(next.at), held: { document: later, head: scheduledHead, value, firstRevision: document.revision, next: null } }
}

function valueIn(release: Envelope): PolicyValue {
  return deepFreeze(peekPredicate<{ policy: PolicyValue }>(release).policy)
}

export function documentAsOf(held: HeldDocument, now: number): HeldDocument {
  return held.next !== null && held.next.atMs <= now ? held.next.held : held
}

/**
 * Returns the document of one policy in force for `reader`: its canary if one covers the reader, else stable; `null` if there is neither.
 * Pure, and independent of the order of `documents`.
 */
export function evaluate(documents: readonly HeldDocument[], reader: Reader, now: number): InForce | null {
  const present = documents.map((held) => documentAsOf(held, now))
  const stable = stableOf(present)
  const canaries = present.filter((held) => isCanaryFor(held, stable, reader, now)).sort(newestFirst)
  const chosen = canaries[0] ?? stable
  if (chosen === undefined || chosen.value === null) return null
  return { held: { ...chosen, value: chosen.value }, until: chosen === stable ? null : expiryOf(chosen.head) }
}

/** Release in force for one reader, with the reason. */
export interface Resolution {
  held: InForce['held']
  reason: OfrepReason
}

/**
 * Resolves the policy for a reader, with the reason: `SPLIT` inside a canary; `TARGETING_MATCH` outside a running canary, because the
 * result depends on the reader; else `STATIC`, which alone lets a provider cache for all readers. `null` if nothing is in force.
 */
export function resolve(documents: readonly HeldDocument[], reader: Reader, now: number): Resolution | null {
  const found = evaluate(documents, reader, now)
  if (found === null) return null
  const { held } = found
  if (held.head.scope !== STABLE_SCOPE) return { held, reason: 'SPLIT' }
  return { held, reason: liveCanaries(documents, now).length > 0 ? 'TARGETING_MATCH' : 'STATIC' }
}

/** Returns the document that coverage counts for `reader`: the canary that covers it, now or once effective, else the stable document. */
export function documentForCoverage(documents: readonly HeldDocument[], reader: Reader, now: number): HeldDocument | undefined {
  const stable = stableOf(documents)
  const present = stable === undefined ? undefined : documentAsOf(stable, now)
  const covers = (held: HeldDocument): boolean =>
    isCanaryFor(documentAsOf(held, now), present, reader, now) || (held.next !== null && isCanaryFor(held.next.held, present, reader, now))
  return documents.filter(covers).sort(newestFirst)[0] ?? stable
}

/** Returns the canaries that are live at `now`, for any reader: while there are some, readers see different values. */
export function liveCanaries(documents: readonly HeldDocument[], now: number): HeldDocument[] {
  const present = documents.map((held) => documentAsOf(held, now))
  const stable = stableOf(present)
  return present.filter((held) => isLiveCanary(held, stable, now))
}

/** Returns when the value for any reader changes next without a new document (epoch milliseconds); `null` for never. */
export function nextChangeAt(documents: readonly HeldDocument[], now: number): number | null {
  const effectiveTimes = documents.flatMap(({ next }) => (next === null || next.atMs <= now ? [] : [next.atMs]))
  const leases = liveCanaries(documents, now).flatMap(({ head }) => expiryOf(head) ?? [])
  return [...effectiveTimes, ...leases].reduce<number | null>((first, at) => (first === null || at < first ? at : first), null)
}

function stableOf(documents: readonly HeldDocument[]): HeldDocument | undefined {
  return documents.find(({ head }) => head.scope === STABLE_SCOPE)
}

function isCanaryFor(held: HeldDocument, stable: HeldDocument | undefined, reader: Reader, now: number): boolean {
  if (reader.bot === undefined || !isLiveCanary(held, stable, now, reader.beforeCohortKey)) return false
  const { head } = held
  return scopeCovers(head.scope as Scope, reader) && inShare(bucketIn(head, reader.bot, reader.beforeCohortKey), head.share ?? 0)
}

/** Returns the bucket of a bot in a canary, 0..9999. */
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
  // `current` = `base` marks the end of a canary.
  if (head.current === null || head.current === (head.base ?? null) || !isOnStable(head, stable?.head)) return false
  const expires = expiryOf(head)
  return expires === null || expires > now
}

/** Whether the current stable release is the one that the canary was started against. A canary has no effect on another stable release. */
export function isOnStable(canary: HeadPredicate, stable: HeadPredicate | undefined): boolean {
  return (canary.base ?? null) === (stable?.current ?? null) && !hasStableLeftBase(canary, stable)
}

/** Whether stable has left the canary's base and returned to it: an ended canary is not revived. */
function hasStableLeftBase({ baseSeq }: HeadPredicate, stable: HeadPredicate | undefined): boolean {
  return baseSeq !== undefined && stable?.sinceSeq !== undefined && stable.sinceSeq > baseSeq
}

/** Returns the end of a head's lease (epoch milliseconds); `null` without a lease. A lease whose end is unreadable counts as expired. */
function expiryOf(head: HeadPredicate): number | null {
  return head.expires === undefined ? null : Date.parse(head.expires) || 0
}

/** Orders heads by descending `seq`, then by scope. A policy has one canary at a time; if two cover a reader, all readers pick the same. */
function newestFirst(a: HeldDocument, b: HeldDocument): number {
  return b.head.seq - a.head.seq || (a.head.scope < b.head.scope ? -1 : 1)
}

/**
 * Marks canaries of incomplete bundles: a member is missing, was not issued together, lacks its base, or has another run's canary too.
 * Readers ignore marked canaries, so none applies part of a bundle (ADR 0089). `all`: full copy. Returns documents with changed marks.
 */
export function markIncompleteBundles<H extends HeldDocument>(all: readonly H[], now: number): H[] {
  const allCanaries = all.filter(({ head }) => head.scope !== STABLE_SCOPE)
  const canaries = allCanaries.filter(({ head }) => head.cohortKey !== undefined && head.bundle !== undefined)
  if (canaries.length === 0) return []
  const stable = new Map(
    all.flatMap((held) => (held.head.scope === STABLE_SCOPE ? [[held.head.policy, documentAsOf(held, now)] as const] : [])),
  )
  const live = groupBy(
    allCanaries.filter((held) => isLiveCanary(held, stable.get(held.head.policy), now, true)),
    ({ head }) => head.policy,
  )
  const membersOf = new Map<string, number>()
  for (const { head } of canaries) {
    const others = (live.get(head.policy) ?? []).filter((other) => other.head.run !== head.run)
    const isAlone = !others.some((other) => scopesOverlap(other.head.scope, head.scope))
    if (!isAlone || !isOnStable(head, stable.get(head.policy)?.head)) continue
    membersOf.set(head.bundle!.digest, (membersOf.get(head.bundle!.digest) ?? 0) + 1)
  }
  return canaries.flatMap((held) => {
    const { digest, size } = held.head.bundle!
    const isParted = membersOf.get(digest) !== size
    return (held.isParted ?? false) === isParted ? [] : [withMark(held, isParted)]
  })
}

function withMark<H extends HeldDocument>(held: H, isParted: boolean): H {
  return { ...held, isParted, next: held.next && { ...held.next, held: { ...held.next.held, isParted } } }
}
