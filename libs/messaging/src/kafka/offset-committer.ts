import { PeriodicTask, type Clock } from '#libs/platform'

/** Committed position of a group in a partition: the offset of the next record to read. */
export interface NextOffset {
  topic: string
  partition: number
  offset: string
}

/** Commit interval. It bounds the records re-read after a crash; duplicates are dropped by position. */
const COMMIT_MS = 250

/**
 * Commits the offsets of handled records in the background, every `COMMIT_MS`. kafkajs would commit after every record and fetch the next
 * one only then.
 */
export class OffsetCommitter {
  private places = new Map<string, NextOffset>()
  private readonly turns: PeriodicTask

  constructor(
    private readonly commit: (places: NextOffset[]) => Promise<void>,
    clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {
    this.turns = new PeriodicTask(clock, {
      everyMs: Infinity,
      run: () => this.tell(),
      failed: (error) => {
        failed(error)
        this.turns.wake(COMMIT_MS)
      },
    })
  }

  start(): void {
    this.turns.start()
  }

  handled(topic: string, partition: number, offset: string): void {
    this.places.set(keyOf({ topic, partition }), { topic, partition, offset: String(BigInt(offset) + 1n) })
    this.turns.wake(COMMIT_MS)
  }

  /** Drops pending offsets after a rebalance: partitions may have been revoked, and the group continues from its committed offsets. */
  forget(): void {
    this.places = new Map()
  }

  /** Commits all pending offsets now. */
  flush(): void {
    this.turns.wake()
  }

  /** Commits all pending offsets, then stops. Resolves also if the last commit fails. */
  async close(): Promise<void> {
    await this.turns.stop()
    await this.tell().catch(this.failed)
  }

  private async tell(): Promise<void> {
    const { places } = this
    const pending = [...places.values()]
    if (pending.length === 0) return
    places.clear()
    try {
      await this.commit(pending)
    } catch (error) {
      // The partition may get no later record to commit, so the failed offset is kept for a retry.
      for (const place of pending) if (!places.has(keyOf(place))) places.set(keyOf(place), place)
      throw error
    }
  }
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`
}
