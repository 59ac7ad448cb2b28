import { alongWith } from './bundles.js'
import { PreparedFrame } from './prepared-frame.js'
import type { Subset } from './subset.js'

/** Change of bundles without a revision: the canary that bundled some policies has expired. */
export class BundleMembersLeft {
  /** `fellows`: bundle fellows of each policy from now on. */
  constructor(
    private readonly revision: number,
    private readonly policies: ReadonlySet<string>,
    private readonly fellows: ReadonlyMap<string, ReadonlySet<string>>,
  ) {}

  /** Returns a frame without documents that lists the bundled policies; `undefined` if a reader of these policies is not affected. */
  partOf({ ids }: Subset): PreparedFrame | undefined {
    if (!ids.some((id) => this.policies.has(id))) return undefined
    return PreparedFrame.of('change', this.revision).along(alongWith(ids, this.fellows))
  }
}
