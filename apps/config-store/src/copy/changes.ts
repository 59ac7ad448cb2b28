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

/** Policies bundled with each policy (its fellows), by policy id. */
type BundledWith = ReadonlyMap<string, ReadonlySet<string>>

/** Returns the fellows of the given policies, sorted, without the given ones. */
export function bundledWith(policies: readonly string[], fellows: BundledWith): string[] {
  const along = new Set(policies.flatMap((policy) => [...(fellows.get(policy) ?? [])]))
  for (const policy of policies) along.delete(policy)
  return [...along].sort()
}

/**
 * Builds the frames of a change by new revisions for readers of a few policies. `parts`: documents for readers of a policy, by its id.
 * `nowMs`: time for which the frames list what is in force.
 */
export function partsOfChange(
  { frame: { revision, traceparent } }: PreparedFrame,
  parts: ReadonlyMap<string, readonly HeldDocument[]>,
  fellows: BundledWith,
  nowMs: number,
): Change['partOf'] {
  return ({ ids }) => {
    const held = new Set(ids.flatMap((id) => parts.get(id) ?? []))
    if (held.size === 0) return undefined
    return PreparedFrame.of('change', revision, [...held], { nowMs, traceparent }).withBundled(bundledWith(ids, fellows))
  }
}

/**
 * Builds the change for held rules whose effective time has come. It has no revision of its own; its frames list the rules, without
 * documents.
 */
export function changeOfEffective(revision: number, held: readonly HeldDocument[], fellows: BundledWith, nowMs: number): Change {
  return {
    frame: PreparedFrame.effective(revision, held, nowMs),
    partOf: ({ ids }) => {
      const along = bundledWith(ids, fellows)
      const own = held.filter(({ document: { id } }) => ids.includes(id) || along.includes(id))
      return own.length === 0 ? undefined : PreparedFrame.effective(revision, own, nowMs).withBundled(along)
    },
  }
}

/**
 * Builds the change for `policies` whose bundle lost members because a canary expired. It has no revision of its own, and its frames have
 * no documents.
 */
export function changeOfLostMembers(revision: number, policies: ReadonlySet<string>, fellows: BundledWith): Change {
  return {
    partOf: ({ ids }) => {
      if (!ids.some((id) => policies.has(id))) return undefined
      return PreparedFrame.of('change', revision).withBundled(bundledWith(ids, fellows))
    },
  }
}
