import { PeriodicTask, type Clock } from '#libs/platform'
import type { GroupPlace } from './kafka-lag.js'

const LOOK_MS = 10_000
/** Consecutive polls that must find the same record waiting. */
const LOOKS = 3
const MOST_LOOKS = 360

/**
 * Detects a reader that stopped without an error: records of its partitions wait, its offset does not advance, and it handles nothing. It
 * counts polls, not wall-clock time, because a clock that jumps is one of the causes.
 */
export class StallDetector {
  private loop: PeriodicTask | undefined
  /**
   * Polls tolerated before a replacement; doubled after each replacement that did not help. An end offset that cannot be reached must not
   * cost a new consumer every half minute.
   */
  private tolerated = LOOKS
  private looks = 0
  private moves = 0
  private seenMoves = 0
  private stuckAt = new Map<string, number>()

  constructor(
    /** Returns the offsets of partitions with unread records; `undefined` while the reader is handling a record. */
    private readonly waiting: () => Promise<readonly GroupPlace[] | undefined>,
    private readonly clock: Clock,
  ) {}

  watch(still: () => void): void {
    this.forget()
    const loop = new PeriodicTask(this.clock, {
      everyMs: LOOK_MS,
      run: async () => {
        if (!(await this.look()) || this.loop !== loop) return
        this.stop()
        still()
      },
      // A broker that does not respond is no evidence about the reader.
      failed: () => this.forget(),
    })
    this.loop = loop
    loop.start()
  }

  /** Stops polling. A poll in progress has no effect. */
  stop(): void {
    void this.loop?.stop()
    this.loop = undefined
  }

  /** Records progress: a record was handled. */
  moved(): void {
    this.moves++
  }

  private async look(): Promise<boolean> {
    if (this.moves !== this.seenMoves) {
      this.seenMoves = this.moves
      this.tolerated = LOOKS
      return this.forget()
    }
    const places = await this.waiting()
    if (places === undefined || this.moves !== this.seenMoves) return this.forget()
    const same = places.some(({ topic, partition, at }) => this.stuckAt.get(`${topic} ${partition}`) === at)
    this.stuckAt = new Map(places.map(({ topic, partition, at }) => [`${topic} ${partition}`, at]))
    this.looks = places.length === 0 ? 0 : same ? this.looks + 1 : 1
    if (this.looks < this.tolerated) return false
    this.tolerated = Math.min(this.tolerated * 2, MOST_LOOKS)
    return true
  }

  private forget(): false {
    this.looks = 0
    this.stuckAt.clear()
    return false
  }
}
