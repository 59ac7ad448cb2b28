import type { EventData } from '#libs/contracts'
import { keyTag, keyTagsIn } from '#libs/signing'

/** Limit of remembered policies whose records were skipped; beyond it, every other policy counts as skipped. */
const MAX_SKIPPED = 10_000

/** Selects the documents of named policies, and other documents that were stored together with their newest documents (bundles). */
export class LogSelection {
  private readonly named: ReadonlySet<string>
  /** Tags of the keys (`policy@scope`) of other policies that are or were kept, by policy id. */
  private readonly siblings = new Map<string, Set<string>>()
  private readonly skipped = new Set<string>()
  /** Tags of the keys stored together with the newest document, for each key of a named policy. */
  private readonly tags = new Map<string, readonly string[]>()
  private hasMissed = false

  constructor(policies: readonly string[]) {
    this.named = new Set(policies)
  }

  isNamed(policy: string): boolean {
    return this.named.has(policy)
  }

  select({ document: { id, scope }, bundle = '' }: EventData['hms.state.recorded.v1']): boolean {
    const [tag, tags] = [keyTag(id, scope), keyTagsIn(bundle)]
    if (this.named.has(id)) {
      this.tags.set(tag, tags)
      return true
    }
    const tagsOfSibling = this.siblings.get(id)
    if (tagsOfSibling !== undefined || this.isSibling(tag, scope, tags)) {
      this.siblings.set(id, (tagsOfSibling ?? new Set()).add(tag))
      this.hasMissed ||= tagsOfSibling === undefined && (this.skipped.has(id) || this.skipped.size >= MAX_SKIPPED)
      return true
    }
    if (this.skipped.size < MAX_SKIPPED) this.skipped.add(id)
    return false
  }

  /** Returns the other policies stored together with the newest documents of the named ones. */
  bundleSiblings(): string[] {
    const together = new Set([...this.tags.values()].flat())
    return [...this.siblings].flatMap(([id, tags]) => ([...tags].some((tag) => together.has(tag)) ? [id] : []))
  }

  /** Returns `true` once after a policy with skipped records joined a bundle of a named one: the log must be read again. */
  consumeMissed(): boolean {
    const { hasMissed } = this
    this.hasMissed = false
    return hasMissed
  }

  private isSibling(tag: string, scope: string, tags: readonly string[]): boolean {
    if (tags.length > 0 && [...this.named].some((policy) => tags.includes(keyTag(policy, scope)))) return true
    return [...this.tags.values()].some((together) => together.includes(tag))
  }
}
