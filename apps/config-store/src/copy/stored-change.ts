import { alongWith } from './bundles.js'
import type { HeldStored } from './held-stored.js'
import { PreparedFrame } from './prepared-frame.js'
import type { Subset } from './subset.js'

/** Change by new revisions: one frame for readers of all policies, and the parts for readers of a few. */
export class StoredChange {
  /**
   * `issuedMs`: signing time of its newest head. `parts`: documents for readers of a policy, by its id; `fellows`: bundle fellows of each
   * policy. All as of the change, at `nowMs`.
   */
  constructor(
    readonly frame: PreparedFrame,
    readonly issuedMs: number,
    private readonly parts: ReadonlyMap<string, readonly HeldStored[]>,
    private readonly fellows: ReadonlyMap<string, ReadonlySet<string>>,
    private readonly nowMs: number,
  ) {}

  /** Returns the frame for a reader of these policies; `undefined` if it is not affected. */
  partOf({ ids }: Subset): PreparedFrame | undefined {
    const held = new Set(ids.flatMap((id) => this.parts.get(id) ?? []))
    if (held.size === 0) return undefined
    const { revision, traceparent } = this.frame.frame
    return PreparedFrame.of('change', revision, [...held], { nowMs: this.nowMs, traceparent }).along(alongWith(ids, this.fellows))
  }
}
