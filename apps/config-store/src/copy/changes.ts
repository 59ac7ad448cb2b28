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

/** Bundle fellows of each policy. */
type Fellows = ReadonlyMap<string, ReadonlySet<string>>

/** Returns the policies bundled with these; sorted, without these. */
export function alongWith(policies: readonly string[], fellows: Fellows): string[] {
  const along = new Set(policies.flatMap((policy) => [...(fellows.get(policy) ?? [])]))
  for (const policy of policies) along.delete(policy)
  return [...along].sort()
}

/** Builds the parts of a change by new revisions. `parts`: documents for readers of a policy, by its id; all as of `nowMs`. */
export function partsOfChange(
  { frame: { revision, traceparent } }: PreparedFrame,
  parts: ReadonlyMap<string, readonly HeldDocument[]>,
  fellows: Fellows,
  nowMs: number,
): Change['partOf'] {
  return ({ ids }) => {
    const held = new Set(ids.flatMap((id) => parts.get(id) ?? []))
    if (held.size === 0) return undefined
    return PreparedFrame.of('change', revision, [...held], { nowMs, traceparent }).along(alongWith(ids, fellows))
  }
}

/** Builds the change of held rules whose time has come, without a revision. Its frames list them, without documents. */
export function turnOf(revision: number, held: readonly HeldDocument[], fellows: Fellows, nowMs: number): Change {
  return {
    frame: PreparedFrame.turned(revision, held, nowMs),
    partOf: ({ ids }) => {
      const along = alongWith(ids, fellows)
      const own = held.filter(({ document: { id } }) => ids.includes(id) || along.includes(id))
      return own.length === 0 ? undefined : PreparedFrame.turned(revision, own, nowMs).along(along)
    },
  }
}

/** Builds the change of `policies` whose bundle lost members with an expired canary, without a revision. Its frames have no documents. */
export function bundleMembersLeft(revision: number, policies: ReadonlySet<string>, fellows: Fellows): Change {
  return {
    partOf: ({ ids }) => {
      if (!ids.some((id) => policies.has(id))) return undefined
      return PreparedFrame.of('change', revision).along(alongWith(ids, fellows))
    },
  }
}
