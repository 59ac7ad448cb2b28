import { PeriodicTask, type Clock } from '#libs/platform'
import type { GroupPosition } from './kafka-lag.js'

const POLL_MS = 10_000
/** Consecutive polls that must find the same record waiting. */
const MIN_POLLS = 3
const MAX_POLLS = 360

/**
 * Detects a reader that stopped without an error: records of its partitions wait, its offset does not advance, and it handles nothing. It
 * counts polls, not wall-clock time, because a clock that jumps is one of the causes.
 */
export class StallDetector {
  private polls: PeriodicTask | undefined
  /** Stalled polls before `onStall`. Doubles each time until a record is handled: nothing helps if the end offset can never be reached. */
  private tolerated = MIN_POLLS
  private stalledPolls = 0
  private handledRecords = 0
  private handledAtLastPoll = 0
  private lastOffsets = new Map<string, number>()

  constructor(
    /** Returns the offsets of partitions with unread records; `undefined` while the reader is handling a record. */
    private readonly unreadPartitions: () => Promise<readonly GroupPosition[] | undefined>,
    private readonly clock: Clock,
  ) {}

  watch(onStall: () => void): void {
    this.reset()
    const polls = new PeriodicTask(this.clock, {
      everyMs: POLL_MS,
      run: async () => {
        if (!(await this.poll()) || this.polls !== polls) return
        this.stop()
        onStall()
      },
      // A broker that does not respond is no evidence about the reader.
      failed: () => this.reset(),
    })
    this.polls = polls
    polls.start()
  }

  /** Stops polling. A poll in progress has no effect. */
  stop(): void {
    void this.polls?.stop()
    this.polls = undefined
  }

  recordHandled(): void {
    this.handledRecords++
  }

  private async poll(): Promise<boolean> {
    if (this.handledRecords !== this.handledAtLastPoll) {
      this.handledAtLastPoll = this.handledRecords
      this.tolerated = MIN_POLLS
      return this.reset()
    }
    const positions = await this.unreadPartitions()
    if (positions === undefined || this.handledRecords !== this.handledAtLastPoll) return this.reset()
    const isStalled = positions.some(({ topic, partition, at }) => this.lastOffsets.get(`${topic} ${partition}`) === at)
    this.lastOffsets = new Map(positions.map(({ topic, partition, at }) => [`${topic} ${partition}`, at]))
    this.stalledPolls = positions.length === 0 ? 0 : isStalled ? this.stalledPolls + 1 : 1
    if (this.stalledPolls < this.tolerated) return false
    this.tolerated = Math.min(this.tolerated * 2, MAX_POLLS)
    return true
  }

  private reset(): false {
    this.stalledPolls = 0
    this.lastOffsets.clear()
    return false
  }
}
