import { Repeat, type Clock } from '#libs/platform'

/** How far a group has read a partition: the offset of the next record that it wants. */
export interface NextPlace {
  topic: string
  partition: number
  offset: string
}

/** A crash leaves no more than this to be read again; positions drop it. */
const COMMIT_MS = 250

/** Tells the broker how far a group is, some times a second. kafkajs would tell after every record, and ask for the next one after that. */
export class PlaceCommits {
  private places = new Map<string, NextPlace>()
  private readonly turns: Repeat

  constructor(
    private readonly commit: (places: NextPlace[]) => Promise<void>,
    clock: Clock,
    private readonly failed: (error: unknown) => void,
  ) {
    this.turns = new Repeat(clock, {
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

  /** Partitions went to others, and the group goes on from what the broker knows. */
  forget(): void {
    this.places = new Map()
  }

  /** Tells all places now. */
  flush(): void {
    this.turns.wake()
  }

  /** Resolves when all that was handled has been told, or could not be; nothing is told afterwards. */
  async close(): Promise<void> {
    await this.turns.stop()
    await this.tell().catch(this.failed)
  }

  private async tell(): Promise<void> {
    const { places } = this
    const told = [...places.values()]
    if (told.length === 0) return
    places.clear()
    try {
      await this.commit(told)
    } catch (error) {
      // After the last record of a partition nothing else would tell its place.
      for (const place of told) if (!places.has(keyOf(place))) places.set(keyOf(place), place)
      throw error
    }
  }
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`
}
