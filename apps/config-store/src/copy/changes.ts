import type { HeldDocument } from '#libs/evaluation'
import { PreparedFrame } from './prepared-frame.js'
import type { Subset } from './stable-heads.js'

/** Change that connected readers receive. `frame`: for readers of all policies, if it changes anything for them. */
export interface Change {
  readonly frame?: PreparedFrame
  /** Returns the frame for a reader of these policies; `undefined` if it is not affected. */
  partOf(subset: Subset): PreparedFrame | undefined
}

/** Change by new revisions. `issuedMs`: signing time of its newest head. */
export interface StoredChange extends Change {
  readonly frame: PreparedFrame
  readonly issuedMs: number
}

/** Policies bundled with each policy (its siblings), by policy id. */
type BundleSiblings = ReadonlyMap<string, ReadonlySet<string>>

/** Returns the bundle siblings of the given policies, sorted, without the given policies. */
export function siblingsOf(policies: readonly string[], siblings: BundleSiblings): string[] {
  const others = new Set(policies.flatMap((policy) => [...(siblings.get(policy) ?? [])]))
  for (const policy of policies) others.delete(policy)
  return [...others].sort()
}

/** Returns `partOf` for new revisions. `parts`: documents by policy. `nowMs`: time at which the releases that frames list are in force. */
export function partsOfChange(
  { frame: { revision, traceparent } }: PreparedFrame,
  parts: ReadonlyMap<string, readonly HeldDocument[]>,
  siblings: BundleSiblings,
  nowMs: number,
): Change['partOf'] {
  return ({ ids }) => {
    const held = new Set(ids.flatMap((id) => parts.get(id) ?? []))
    if (held.size === 0) return undefined
    return PreparedFrame.of('change', revision, [...held], { nowMs, traceparent }).withBundled(siblingsOf(ids, siblings))
  }
}

/** Builds the change for held rules that take effect. It has no revision of its own; its frames list rules, not documents. */
export function changeOfEffective(revision: number, held: readonly HeldDocument[], siblings: BundleSiblings, nowMs: number): Change {
  return {
    frame: PreparedFrame.effective(revision, held, nowMs),
    partOf: ({ ids }) => {
      const others = siblingsOf(ids, siblings)
      const own = held.filter(({ document: { id } }) => ids.includes(id) || others.includes(id))
      return own.length === 0 ? undefined : PreparedFrame.effective(revision, own, nowMs).withBundled(others)
    },
  }
}

/** Builds the change for `policies` whose bundle lost an expired canary. It has no revision of its own and no documents. */
export function changeOfLostMembers(revision: number, policies: ReadonlySet<string>, siblings: BundleSiblings): Change {
  return {
    partOf: ({ ids }) => {
      if (!ids.some((id) => policies.has(id))) return undefined
      return PreparedFrame.of('change', revision).withBundled(siblingsOf(ids, siblings))
    },
  }
}
