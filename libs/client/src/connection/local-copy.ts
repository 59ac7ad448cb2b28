import type { ConfigDocument } from '#libs/contracts'
import type { Admission } from './admit.js'
import type { Clock, Timer } from './clock.js'
import type { InForce, Reader } from './evaluate.js'
import { HeldDocuments } from './held-documents.js'
import type { ConnectionEvents } from './hms-connection.js'

export type Change = ConnectionEvents['change']

export interface LocalCopyOptions {
  reader: Reader
  admission: Admission
  clock: Clock
  /** Values changed without a frame: a canary's lease ran out. */
  onExpiry: (changes: Change[]) => void
}

export interface Taken {
  /** Documents that were not admitted. */
  refused: ConfigDocument[]
  changes: Change[]
}

/** What one reader holds and what of it is in force. All documents of a frame take effect in one step, so no bundle is seen half. */
export class LocalCopy {
  /** Of the newest frame applied. */
  revision = 0
  private readonly documents: HeldDocuments
  private values = new Map<string, InForce>()
  private timer: Timer | undefined

  constructor(private readonly options: LocalCopyOptions) {
    this.documents = new HeldDocuments(options.admission)
  }

  take(type: 'snapshot' | 'change', revision: number, documents: readonly ConfigDocument[]): Taken {
    const refused = type === 'snapshot' ? this.documents.replace(documents) : this.documents.apply(documents)
    this.revision = revision
    return { refused, changes: this.evaluate() }
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

  /** Release digest in force per policy: what a named bot acknowledges. */
  applied(): Record<string, string> {
    return Object.fromEntries([...this.values].map(([id, value]) => [id, digestIn(value) ?? '']))
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

  /** One timer, for the earliest lease that ends; nobody has to tell a reader that a canary is over. */
  private awaitExpiry(now: number): void {
    this.timer?.cancel()
    const ends = [...this.values.values()].flatMap(({ until }) => (until === null ? [] : [until]))
    if (ends.length === 0) return
    this.timer = this.options.clock.after(Math.max(Math.min(...ends) - now, 1), () => {
      const changes = this.evaluate()
      if (changes.length > 0) this.options.onExpiry(changes)
    })
  }
}

function digestIn(value: InForce | undefined): string | null {
  return value?.held.head.current ?? null
}

function versionIn(value: InForce | undefined): string | null {
  return value?.held.value.version ?? null
}
