import { PeriodicTask, type Clock } from '#libs/platform'

/** Committed position of a group in a partition: the offset of the next record to read. */
export interface NextOffset {
  topic: string
  partition: number
  offset: string
}

/** Commit interval. It bounds the records re-read after a crash; duplicates are dropped by position. */
const COMMIT_MS = 250

/** Commits offsets within `COMMIT_MS` of a handled record; kafkajs would commit after each record, and only then fetch the next. */
export class OffsetCommitter {
  private pending = new Map<string, NextOffset>()
  private readonly commits = new PeriodicTask(this.clock, {
    everyMs: Infinity,
    run: () => this.commitPending(),
    failed: (error) => {
      this.failed(error)
      this.commits.wake(COMMIT_MS)
    },
  })

  constructor(
    private readonly commit: (offsets: NextOffset[]) => Promise<void>,
    private readonly clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {}

  start(): void {
    this.commits.start()
  }

  handled(topic: string, partition: number, offset: string): void {
    this.pending.set(keyOf({ topic, partition }), { topic, partition, offset: String(BigInt(offset) + 1n) })
    this.commits.wake(COMMIT_MS)
  }

  /** Drops pending offsets after a rebalance: partitions may have been revoked, and the group continues from its committed offsets. */
  discardPending(): void {
    this.pending = new Map()
  }

  flush(): void {
    this.commits.wake()
  }

  /** Commits all pending offsets, then stops. Resolves also if the last commit fails. */
  async close(): Promise<void> {
    await this.commits.stop()
    await this.commitPending().catch(this.failed)
  }

  private async commitPending(): Promise<void> {
    const { pending } = this
    const offsets = [...pending.values()]
    if (offsets.length === 0) return
    pending.clear()
    try {
      await this.commit(offsets)
    } catch (error) {
      // Kept for a retry, as the partition may get no later record; lost with this map if `discardPending` has replaced it.
      for (const offset of offsets) if (!pending.has(keyOf(offset))) pending.set(keyOf(offset), offset)
      throw error
    }
  }
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`
}
