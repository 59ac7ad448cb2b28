import { alongWith } from './bundles.js'
import { PreparedFrame } from './prepared-frame.js'
import type { Subset } from './subset.js'

/** Some policies bring fewer others along than before, without a revision, for the canary that they came with is over. */
export class Parting {
  /** `fellows`: what comes along with each policy from here on. */
  constructor(
    private readonly revision: number,
    private readonly policies: ReadonlySet<string>,
    private readonly fellows: ReadonlyMap<string, ReadonlySet<string>>,
  ) {}

  /** Brings nothing, but says what comes along; `undefined` where it does not concern a reader of these policies. */
  partOf({ ids }: Subset): PreparedFrame | undefined {
    if (!ids.some((id) => this.policies.has(id))) return undefined
    return PreparedFrame.of('change', this.revision).along(alongWith(ids, this.fellows))
  }
}
