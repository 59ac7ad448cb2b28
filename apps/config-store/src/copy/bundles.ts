import type { ConfigDocument } from '#libs/contracts'
import { placeTag, placeTagsIn } from '#libs/signing'

const NO_FELLOWS: ReadonlySet<string> = new Set()

/** Returns the policies bundled with these, from a map of each policy's bundle fellows; sorted, without these. */
export function alongWith(policies: readonly string[], fellows: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const along = new Set(policies.flatMap((policy) => [...(fellows.get(policy) ?? NO_FELLOWS)]))
  for (const policy of policies) along.delete(policy)
  return [...along].sort()
}

/**
 * Tracks which policies were stored together. A reader of one gets all of them while its document is the bundled one, and receives their
 * later changes too.
 */
export class Bundles {
  private readonly ids = new Map<string, string>()
  private readonly fellows = new Map<string, ReadonlySet<string>>()

  /** Registers the place of a received document. Called for every document before `note`. */
  place({ id, scope }: Pick<ConfigDocument, 'id' | 'scope'>): void {
    this.ids.set(placeTag(id, scope), id)
  }

  /** Recomputes the fellows of a policy. `bundles`: those of all its stored documents. */
  note(policy: string, bundles: readonly string[]): void {
    const tags = bundles.flatMap((bundle) => placeTagsIn(bundle))
    const fellows = new Set(tags.flatMap((tag) => this.ids.get(tag) ?? []))
    fellows.delete(policy)
    if (fellows.size > 0) this.fellows.set(policy, fellows)
    else this.fellows.delete(policy)
  }

  /** Returns the other policies that a reader of this policy gets. */
  fellowsOf(policy: string): ReadonlySet<string> {
    return this.fellows.get(policy) ?? NO_FELLOWS
  }

  /** Returns a copy of the current fellows of all policies. */
  copy(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map(this.fellows)
  }

  /** Returns the policies whose readers also get one of these. */
  bringing(policies: ReadonlySet<string>): string[] {
    return [...this.fellows].flatMap(([policy, fellows]) => ([...fellows].some((fellow) => policies.has(fellow)) ? [policy] : []))
  }
}
