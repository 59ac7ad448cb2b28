import type { EventData } from '#libs/contracts'
import { placeTag, placeTagsIn } from '#libs/signing'

/** Limit of remembered policies whose records were skipped; beyond it, every other policy counts as skipped. */
const MAX_PASSED = 10_000

/**
 * Selects the part of the log that a reader with named policies keeps: documents of these policies, and documents stored together with
 * their newest ones (bundles). The whole log is read; other documents are neither fully verified nor kept.
 */
export class NamedParts {
  private readonly named: ReadonlySet<string>
  /** Tags of the keys (`policy@scope`) of other policies that are or were kept, by policy id. */
  private readonly fellows = new Map<string, Set<string>>()
  private readonly passed = new Set<string>()
  /** Tags of the keys stored together with the newest document, for each key of a named policy. */
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

  /** Returns the other policies stored together with the newest documents of the named ones. */
  along(): string[] {
    const together = new Set([...this.tags.values()].flat())
    return [...this.fellows].flatMap(([id, tags]) => ([...tags].some((tag) => together.has(tag)) ? [id] : []))
  }

  /**
   * Returns `true` once after a policy whose earlier records were skipped joined a bundle of a named policy, so that the log must be read
   * again.
   */
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
