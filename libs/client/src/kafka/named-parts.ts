import type { EventData } from '#libs/contracts'
import { placeTag, placeTagsIn } from '#libs/signing'

/** Maximum remembered policies whose records were skipped; beyond it, each new one counts as skipped. */
const MAX_PASSED = 10_000

/**
 * Part of the log kept by a reader with named policies: these, and the documents stored together with their newest ones. The whole log is
 * read; the rest is neither fully verified nor kept.
 */
export class NamedParts {
  private readonly named: ReadonlySet<string>
  /** Tags of the places of policies that are, or were, included. */
  private readonly fellows = new Map<string, Set<string>>()
  private readonly passed = new Set<string>()
  /** Tags of the places stored together with the newest document at each place of a named policy. */
  private readonly tags = new Map<string, readonly string[]>()
  private missed = false

  constructor(policies: readonly string[]) {
    this.named = new Set(policies)
  }

  isNamed(policy: string): boolean {
    return this.named.has(policy)
  }

  takes({ document: { id, scope }, bundle = '' }: EventData['hms.state.recorded.v1']): boolean {
    const [tag, tags] = [placeTag(id, scope), placeTagsIn(bundle)]
    if (this.named.has(id)) {
      this.tags.set(tag, tags)
      return true
    }
    const known = this.fellows.get(id)
    if (known !== undefined || this.isFellow(tag, scope, tags)) {
      this.fellows.set(id, (known ?? new Set()).add(tag))
      this.missed ||= known === undefined && (this.passed.has(id) || this.passed.size >= MAX_PASSED)
      return true
    }
    if (this.passed.size < MAX_PASSED) this.passed.add(id)
    return false
  }

  /** Returns the policies included with the newest documents of the named ones. */
  along(): string[] {
    const together = new Set([...this.tags.values()].flat())
    return [...this.fellows].flatMap(([id, tags]) => ([...tags].some((tag) => together.has(tag)) ? [id] : []))
  }

  /** Returns `true` once after a policy joined a bundle whose earlier records were skipped: the log has to be read again. */
  takeMissed(): boolean {
    const { missed } = this
    this.missed = false
    return missed
  }

  private isFellow(tag: string, scope: string, tags: readonly string[]): boolean {
    if (tags.length > 0 && [...this.named].some((policy) => tags.includes(placeTag(policy, scope)))) return true
    return [...this.tags.values()].some((together) => together.includes(tag))
  }
}
