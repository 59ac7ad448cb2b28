import { alongWith } from './bundles.js'
import type { HeldStored } from './held-stored.js'
import { PreparedFrame } from './prepared-frame.js'
import type { Subset } from './subset.js'

/** New revisions: one frame for readers of all policies, and for those of a few what of it is theirs. */
export class StoredChange {
  /**
   * `issuedMs`: when the newest of its heads was signed. `parts`: what a reader of a policy gets, by its id; `fellows`: what comes
   * along with it. All as it was when the change came.
   */
  constructor(
    readonly frame: PreparedFrame,
    readonly issuedMs: number,
    private readonly parts: ReadonlyMap<string, readonly HeldStored[]>,
    private readonly fellows: ReadonlyMap<string, ReadonlySet<string>>,
  ) {}

  /** `undefined` where nothing of it concerns a reader of these policies. */
  partOf({ ids }: Subset): PreparedFrame | undefined {
    const held = new Set(ids.flatMap((id) => this.parts.get(id) ?? []))
    if (held.size === 0) return undefined
    const { revision, traceparent } = this.frame.frame
    const documents = [...held].map(({ document }) => document)
    return PreparedFrame.of('change', revision, documents, traceparent).along(alongWith(ids, this.fellows))
  }
}
