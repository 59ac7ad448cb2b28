import { markIncompleteBundles } from '#libs/evaluation'
import { keyTag, keyTagsIn, STABLE_SCOPE } from '#libs/signing'
import type { StoredDocument } from '../heads/head.table.js'
import { parseStored, type HeldStored } from './held-stored.js'
import { StableHeads, type Subset } from './stable-heads.js'

/**
 * Stored documents in memory, by policy and scope. A reader of a bundled policy gets the other policies of the bundle (its siblings) too,
 * and their later changes, as long as its document is the bundled one. No I/O, no clock.
 */
export class HeldPolicies {
  private readonly byPolicy = new Map<string, Map<string, HeldStored>>()
  /** Policy id of each place (`policy@scope`), by the tag of the place. */
  private readonly idOfTag = new Map<string, string>()
  /** Bundle siblings that readers of a policy also get, by policy id; only policies that have siblings. */
  private readonly siblingsOf = new Map<string, ReadonlySet<string>>()
  /** Expiry of the first canary to end, in ms since 1970. */
  private nextExpiryMs = Infinity
  /** Earliest effective time of the held rules, in ms since 1970. */
  private nextEffectiveMs = Infinity

  ids(): string[] {
    return [...this.byPolicy.keys()]
  }

  all(): HeldStored[] {
    return [...this.byPolicy.values()].flatMap((scopes) => [...scopes.values()])
  }

  of(policy: string): HeldStored[] {
    return [...(this.byPolicy.get(policy)?.values() ?? [])]
  }

  find({ id, scope }: Pick<StoredDocument, 'id' | 'scope'>): HeldStored | undefined {
    return this.byPolicy.get(id)?.get(scope)
  }

  drop({ id, scope }: Pick<StoredDocument, 'id' | 'scope'>): boolean {
    const scopes = this.byPolicy.get(id)
    if (scopes?.delete(scope) !== true) return false
    if (scopes.size === 0) this.byPolicy.delete(id)
    this.updateBundle(id)
    return true
  }

  /** Adds stored documents, except expired canaries. Returns the added ones. */
  add(stored: readonly StoredDocument[], nowMs: number): HeldStored[] {
    const news = stored.filter(({ ended }) => ended !== true).map(parseStored)
    for (const held of news) {
      const { id, scope } = held.document
      this.byPolicy.set(id, (this.byPolicy.get(id) ?? new Map<string, HeldStored>()).set(scope, held))
      this.nextExpiryMs = Math.min(this.nextExpiryMs, held.expiresMs)
      if (isNotYetEffective(held, nowMs)) this.nextEffectiveMs = Math.min(this.nextEffectiveMs, held.next.atMs)
      this.idOfTag.set(keyTag(id, scope), id)
    }
    for (const held of markIncompleteBundles(this.all(), nowMs)) this.byPolicy.get(held.head.policy)!.set(held.head.scope, held)
    for (const id of new Set(news.map(({ document }) => document.id))) this.updateBundle(id)
    return news
  }

  /** Drops canaries without a valid lease, which no reader uses. Returns policies that lost siblings; `undefined` if none expired. */
  dropCanaries(nowMs: number): ReadonlySet<string> | undefined {
    if (nowMs < this.nextExpiryMs) return undefined
    this.nextExpiryMs = Infinity
    const lostMembers = new Set<string>()
    for (const [policy, scopes] of this.byPolicy) {
      const remaining = [...scopes].filter(([, { expiresMs }]) => expiresMs > nowMs)
      for (const [, { expiresMs }] of remaining) this.nextExpiryMs = Math.min(this.nextExpiryMs, expiresMs)
      if (remaining.length === scopes.size) continue
      if (remaining.length === 0) this.byPolicy.delete(policy)
      else this.byPolicy.set(policy, new Map(remaining))
      const before = this.siblingsOf.get(policy)?.size ?? 0
      this.updateBundle(policy)
      if ((this.siblingsOf.get(policy)?.size ?? 0) < before) lostMembers.add(policy)
    }
    return lostMembers
  }

  /** Returns the documents whose held rule has come into force since the previous call, or since they were added. */
  newlyEffective(nowMs: number): HeldStored[] {
    if (nowMs < this.nextEffectiveMs) return []
    const since = this.nextEffectiveMs
    const all = this.all()
    this.nextEffectiveMs = all.reduce((first, held) => (isNotYetEffective(held, nowMs) ? Math.min(first, held.next.atMs) : first), Infinity)
    return all.filter(({ next }) => next !== null && next.atMs >= since && next.atMs <= nowMs)
  }

  /** Returns the stable heads, withdrawals included. */
  stableHeads(): StableHeads {
    const stable = [...this.byPolicy.values()].flatMap((scopes) => scopes.get(STABLE_SCOPE)?.document ?? [])
    return new StableHeads(stable.map(({ id, seq, digest }) => ({ policy: id, seq, current: digest })))
  }

  /** Returns the documents changed after revision `from`, bundles whole. Each document has the revision that last changed it. */
  changedSince(from: number | undefined): HeldStored[] {
    return this.all().filter(({ document }) => document.revision > (from ?? 0))
  }

  partSince(from: number | undefined, { ids }: Subset): HeldStored[] {
    return [...new Set(ids.flatMap((id) => this.partOf(id, from)))]
  }

  siblings(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map(this.siblingsOf)
  }

  /** Returns the documents that readers missed since `from`, by policy id, for every policy affected by `news`. */
  partsSince(from: number, news: readonly HeldStored[]): Map<string, HeldStored[]> {
    const changed = new Set(news.map(({ document }) => document.id))
    const bundled = [...this.siblingsOf].flatMap(([policy, siblings]) => ([...siblings].some((id) => changed.has(id)) ? [policy] : []))
    return new Map([...changed, ...bundled].map((id) => [id, this.partOf(id, from)]))
  }

  /** Returns the changes of a policy and its siblings. If its bundle is newer than `from`, returns all documents of the siblings. */
  private partOf(policy: string, from = 0): HeldStored[] {
    const isNew = ({ document }: HeldStored): boolean => document.revision > from
    const own = this.of(policy).filter(isNew)
    const isNewBundle = own.some(({ bundle }) => bundle !== undefined)
    const siblings = [...(this.siblingsOf.get(policy) ?? [])].flatMap((sibling) => this.of(sibling))
    return own.concat(isNewBundle ? siblings : siblings.filter(isNew))
  }

  /** Recomputes the siblings of a policy. Called when all documents stored together have their tags. */
  private updateBundle(policy: string): void {
    const tags = this.of(policy).flatMap(({ bundle }) => (bundle === undefined ? [] : keyTagsIn(bundle)))
    const siblings = new Set(tags.flatMap((tag) => this.idOfTag.get(tag) ?? []))
    siblings.delete(policy)
    if (siblings.size > 0) this.siblingsOf.set(policy, siblings)
    else this.siblingsOf.delete(policy)
  }
}

function isNotYetEffective(held: HeldStored, nowMs: number): held is HeldStored & { next: NonNullable<HeldStored['next']> } {
  return held.next !== null && held.next.atMs > nowMs
}
