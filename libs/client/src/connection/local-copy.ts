import type { ConfigDocument } from '#libs/contracts'
import { stableDigest, type StableHead } from '#libs/signing'
import type { DocumentTrust } from '../trust/document-trust.js'
import type { Timer } from '../clock.js'
import type { InForce } from '#libs/evaluation'
import type { ReaderOptions } from './feed.js'
import { HeldDocuments, type RefusedDocument } from './held-documents.js'
import type { ConnectionEvents } from './hms-connection.js'

export type Change = ConnectionEvents['change']

export interface LocalCopyOptions extends Pick<ReaderOptions, 'reader' | 'policies' | 'clock'> {
  trust: Pick<DocumentTrust, 'admit'>
  /** Called when time changes values: a release reached its effective time, or a canary's lease expired. */
  onExpiry: (changes: Change[]) => void
}

export interface ApplyResult {
  refused: RefusedDocument[]
  changes: Change[]
}

/** Documents of one reader and the values in force. A frame takes effect in one step, so no caller sees part of a bundle. */
export class LocalCopy {
  /** Revision of the newest applied frame. */
  revision = 0
  readonly documents: HeldDocuments
  private values = new Map<string, InForce>()
  private timer: Timer | undefined
  private stable: string | undefined
  /** Stable heads of policies that this reader does not follow. */
  private readonly others = new Map<string, StableHead>()

  constructor(private readonly options: LocalCopyOptions) {
    this.documents = new HeldDocuments(options.trust)
  }

  /** Applies documents. `bundleSiblings`: other policies of the bundles of this reader's policies. */
  apply(revision: number, documents: readonly ConfigDocument[], bundleSiblings: readonly string[]): ApplyResult {
    const { policies, clock } = this.options
    const refused = this.documents.apply(documents, clock.now())
    if (policies !== undefined) this.documents.keepOnly(new Set([...policies, ...bundleSiblings]))
    this.revision = revision
    this.stable = undefined
    return { refused, changes: this.evaluate() }
  }

  /** Returns the digest over the newest stable heads of the copy and of `others`. */
  stableDigest(): string {
    return (this.stable ??= stableDigest(newestOf([...this.others.values(), ...this.documents.stableHeads()])))
  }

  recordStableHead(head: StableHead): void {
    if (head.seq < (this.others.get(head.policy)?.seq ?? 0)) return
    this.others.set(head.policy, head)
    this.stable = undefined
  }

  get(id: string): InForce | undefined {
    return this.values.get(id)
  }

  ids(): string[] {
    return [...this.values.keys()].sort()
  }

  /** Returns the digests of the releases in force by policy id, which a named bot acknowledges. */
  applied(): Record<string, string> {
    return this.onlyFollowed(Object.fromEntries([...this.values].map(([id, value]) => [id, digestIn(value) ?? ''])))
  }

  /** Returns the digests of releases not effective yet by policy id, which a named bot acknowledges too. */
  notYetEffective(): Record<string, string[]> {
    return this.onlyFollowed(this.documents.notYetEffective(this.options.clock.now()))
  }

  /** Restricts to the policies that the reader follows; coverage does not count it for others. */
  private onlyFollowed<T>(byPolicy: Record<string, T>): Record<string, T> {
    const { policies } = this.options
    return policies === undefined ? byPolicy : Object.fromEntries(Object.entries(byPolicy).filter(([id]) => policies.includes(id)))
  }

  /** Re-evaluates after the reader's time has changed; releases that are now due take effect. */
  reevaluate(): void {
    const { clock, onExpiry } = this.options
    const applied = this.documents.applyDue(clock.now())
    const changes = this.evaluate()
    if (applied || changes.length > 0) onExpiry(changes)
  }

  stop(): void {
    this.timer?.cancel()
  }

  private evaluate(): Change[] {
    const { reader, clock } = this.options
    const before = this.values
    const now = clock.now()
    this.values = this.documents.inForce(reader, now)
    this.awaitExpiry(now)
    return [...new Set([...before.keys(), ...this.values.keys()])].flatMap((id) => {
      const [from, to] = [before.get(id), this.values.get(id)]
      if (digestIn(from) === digestIn(to)) return []
      return [{ id, from: versionIn(from), to: versionIn(to), revision: this.revision }]
    })
  }

  /** Sets one timer for the earliest lease expiry or effective time, which no frame announces. */
  private awaitExpiry(now: number): void {
    this.timer?.cancel()
    const ends = [...this.values.values()].flatMap(({ until }) => (until === null ? [] : [until]))
    const begins = this.documents.nextEffective(now)
    if (begins !== null) ends.push(begins)
    if (ends.length === 0) return
    this.timer = this.options.clock.after(Math.max(Math.min(...ends) - now, 1), () => this.reevaluate())
  }
}

function newestOf(heads: readonly StableHead[]): Iterable<StableHead> {
  const newest = new Map<string, StableHead>()
  for (const head of heads) if (head.seq >= (newest.get(head.policy)?.seq ?? 0)) newest.set(head.policy, head)
  return newest.values()
}

function digestIn(value: InForce | undefined): string | null {
  return value?.held.head.current ?? null
}

function versionIn(value: InForce | undefined): string | null {
  return value?.held.value.version ?? null
}
