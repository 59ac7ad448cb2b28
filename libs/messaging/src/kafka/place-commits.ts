import type { Clock } from '#libs/platform'

/** How far a group has read a partition: the offset of the next record that it wants. */
export interface NextPlace {
  topic: string
  partition: number
  offset: string
}

/** What is read twice after a crash is what was handled in this time; positions drop it. */
const COMMIT_MS = 250

/**
 * Tells the broker how far a group is, some times a second. kafkajs would tell after every record and wait for the answer before it asks
 * for the next one: a third of the time between two events of a run.
 */
export class PlaceCommits {
  private places = new Map<string, NextPlace>()
  private isPlanned = false
  private closed = false
  private running: Promise<void> = Promise.resolve()

  constructor(
    private readonly commit: (places: NextPlace[]) => Promise<void>,
    private readonly clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {}

  handled(topic: string, partition: number, offset: string): void {
    this.places.set(keyOf({ topic, partition }), { topic, partition, offset: String(BigInt(offset) + 1n) })
    this.plan()
  }

  /** Partitions went to others, and the group goes on from what the broker knows. */
  forget(): void {
    this.places = new Map()
  }

  /** Resolves when all that was handled has been told, or could not be. */
  flush(): Promise<void> {
    return (this.running = this.running.then(() => this.tell()))
  }

  close(): Promise<void> {
    this.closed = true
    return this.flush()
  }

  private plan(): void {
    if (this.isPlanned || this.closed) return
    this.isPlanned = true
    this.clock.after(COMMIT_MS, () => {
      this.isPlanned = false
      if (!this.closed) void this.flush()
    })
  }

  private async tell(): Promise<void> {
    const { places } = this
    const told = [...places.values()]
    if (told.length === 0) return
    places.clear()
    try {
      await this.commit(told)
    } catch (error) {
      this.failed(error)
      // After the last record of a partition nothing else would tell its place.
      for (const place of told) if (!places.has(keyOf(place))) places.set(keyOf(place), place)
      if (places === this.places) this.plan()
    }
  }
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`
}
