import type { HeldDocument } from '#libs/evaluation'
import { alongWith } from './bundles.js'
import { PreparedFrame } from './prepared-frame.js'
import type { Subset } from './subset.js'

/** Change without a revision: the time of rules that readers hold has come. Its frames list them, without documents. */
export class Turn {
  readonly frame: PreparedFrame

  /** `fellows`: bundle fellows of each policy. */
  constructor(
    private readonly revision: number,
    private readonly held: readonly HeldDocument[],
    private readonly fellows: ReadonlyMap<string, ReadonlySet<string>>,
    private readonly nowMs: number,
  ) {
    this.frame = PreparedFrame.turned(revision, held, nowMs)
  }

  /** Returns the frame for a reader of these policies; `undefined` if it is not affected. */
  partOf({ ids }: Subset): PreparedFrame | undefined {
    const along = alongWith(ids, this.fellows)
    const own = this.held.filter(({ document: { id } }) => ids.includes(id) || along.includes(id))
    return own.length === 0 ? undefined : PreparedFrame.turned(this.revision, own, this.nowMs).along(along)
  }
}
