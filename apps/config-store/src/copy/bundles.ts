import type { ConfigDocument } from '#libs/contracts'
import { placeTag, placeTagsIn } from '#libs/signing'

const NOBODY: ReadonlySet<string> = new Set()

/** What comes along with these policies, by a map of what comes along with each; sorted, without these. */
export function alongWith(policies: readonly string[], fellows: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const along = new Set(policies.flatMap((policy) => [...(fellows.get(policy) ?? NOBODY)]))
  for (const policy of policies) along.delete(policy)
  return [...along].sort()
}

/**
 * Which policies were stored together. A reader of one gets all of them for as long as its document is the one that came with the others,
 * and follows what becomes of them meanwhile.
 */
export class Bundles {
  private readonly ids = new Map<string, string>()
  private readonly fellows = new Map<string, ReadonlySet<string>>()

  /** Before `note`, for every document that came. */
  place({ id, scope }: Pick<ConfigDocument, 'id' | 'scope'>): void {
    this.ids.set(placeTag(id, scope), id)
  }

  /** `bundles`: of all documents that are held of the policy. */
  note(policy: string, bundles: readonly string[]): void {
    const tags = bundles.flatMap((bundle) => placeTagsIn(bundle))
    const fellows = new Set(tags.flatMap((tag) => this.ids.get(tag) ?? []))
    fellows.delete(policy)
    if (fellows.size > 0) this.fellows.set(policy, fellows)
    else this.fellows.delete(policy)
  }

  /** The others that a reader of this policy gets. */
  fellowsOf(policy: string): ReadonlySet<string> {
    return this.fellows.get(policy) ?? NOBODY
  }

  /** The same of all policies, as it is now. */
  copy(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map(this.fellows)
  }

  /** Policies whose readers get one of these as well. */
  bringing(policies: ReadonlySet<string>): string[] {
    return [...this.fellows].flatMap(([policy, fellows]) => ([...fellows].some((fellow) => policies.has(fellow)) ? [policy] : []))
  }
}
