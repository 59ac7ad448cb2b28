import type { ConfigDocument } from '#libs/contracts'
import { stableDigest, type StableHead } from '#libs/signing'
import type { Admission } from '../trust/admission.js'
import type { Clock, Timer } from '../clock.js'
import type { HeldDocument, InForce, Reader } from '#libs/evaluation'
import { HeldDocuments, type RefusedDocument } from './held-documents.js'
import type { ConnectionEvents } from './hms-connection.js'

export type Change = ConnectionEvents['change']

export interface LocalCopyOptions {
  reader: Reader
  /** The policies that this reader lives by, where these are a few of all. */
  policies?: readonly string[]
  admission: Admission
  clock: Clock
  /** Something is in force that was held, for whichever reader, or a canary's lease ran out: without a frame. */
  onExpiry: (changes: Change[]) => void
}

export interface Taken {
  refused: RefusedDocument[]
  changes: Change[]
}

/** What one reader holds and what of it is in force. All documents of a frame take effect in one step, so no bundle is seen half. */
export class LocalCopy {
  /** Of the newest frame applied. */
  revision = 0
  private readonly documents: HeldDocuments
  private values = new Map<string, InForce>()
  private timer: Timer | undefined
  private stable: string | undefined
  /** Heads of policies that this reader does not live by, where it hears of them all the same. */
  private readonly others = new Map<string, StableHead>()

  constructor(private readonly options: LocalCopyOptions) {
    this.documents = new HeldDocuments(options.admission)
  }

  /** `along`: policies that come along with those that this reader named. */
  take(revision: number, documents: readonly ConfigDocument[], along: readonly string[]): Taken {
    const { policies, clock } = this.options
    const refused = this.documents.apply(documents, clock.now())
    if (policies !== undefined) this.documents.keepOnly(new Set([...policies, ...along]))
    this.revision = revision
    this.stable = undefined
    return { refused, changes: this.evaluate() }
  }

  /** Digest over the stable heads that are held, and those that were noted. */
  stableDigest(): string {
    return (this.stable ??= stableDigest(newestOf([...this.others.values(), ...this.stableHeads()])))
  }

  stableHeads(): StableHead[] {
    return this.documents.stableHeads()
  }

  /** A stable head of a policy that this reader does not live by. */
  note(head: StableHead): void {
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

  all(): ConfigDocument[] {
    return this.documents.all()
  }

  policies(): string[] {
    return this.documents.policies()
  }

  documentsOf(id: string): HeldDocument[] {
    return this.documents.documentsOf(id)
  }

  /** Release digest in force per policy: what a named bot acknowledges. */
  applied(): Record<string, string> {
    return this.named(Object.fromEntries([...this.values].map(([id, value]) => [id, digestIn(value) ?? ''])))
  }

  /** Release digests per policy that are held for later: what a named bot acknowledges too. */
  held(): Record<string, string[]> {
    return this.named(this.documents.held(this.options.clock.now()))
  }

  /** Nobody counts a reader for policies that it did not name. */
  private named<T>(byPolicy: Record<string, T>): Record<string, T> {
    const { policies } = this.options
    return policies === undefined ? byPolicy : Object.fromEntries(Object.entries(byPolicy).filter(([id]) => policies.includes(id)))
  }

  /** The reader's time was set forward: what has come due meanwhile is in force at once. */
  look(): void {
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

  /** One timer, for the earliest lease that ends or policy that begins: a reader needs nobody to tell it that a time has come. */
  private awaitExpiry(now: number): void {
    this.timer?.cancel()
    const ends = [...this.values.values()].flatMap(({ until }) => (until === null ? [] : [until]))
    const begins = this.documents.nextEffective(now)
    if (begins !== null) ends.push(begins)
    if (ends.length === 0) return
    this.timer = this.options.clock.after(Math.max(Math.min(...ends) - now, 1), () => this.look())
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
