import { pause, PeriodicTask, type Clock } from '#libs/platform'

export interface Stream<R extends { offset: string }> {
  topic: string
  source: string
  position(): Promise<number>
  storePosition(offset: number): Promise<void>
  fetch(after: number, limit: number): Promise<R[]>
  handle(row: R): Promise<void>
}

const BATCH = 100
/** Maximum pushed rows kept in memory; above it, rows are fetched from the log. */
const MAX_PUSHED = 1_000
/** Interval of reads from the log. At an interval of 2 s, the 64 readers of `dev` made 32 statements a second. */
const POLL_MS = 5_000
const BACK_OFF_MS = 250
/** Delay before a position is stored. Rows re-read after a crash are dropped by the positions of their keys. */
const STORE_DELAY_MS = 2_000

/**
 * Follows one producer's part of a topic for a group, in order; the position advances after the handler. Once the reader has caught up,
 * the relay of the same process pushes rows without a query. The log is read again on `refetch`, fault, overflow, and every 5 s.
 */
export class StreamReader<R extends { offset: string }> {
  private stopped = true
  private reading = false
  private mustFetch = true
  private pushed: R[] = []
  private position: number | undefined
  private storedPosition = 0
  private done: Promise<void> = Promise.resolve()
  private readonly polls = new PeriodicTask(this.clock, { everyMs: POLL_MS, run: () => this.refetch(), failed: this.onFault })
  private cancelStore: (() => void) | undefined

  constructor(
    readonly stream: Stream<R>,
    private readonly clock: Clock,
    private readonly onFault: (error: unknown) => void,
  ) {}

  start(): void {
    this.stopped = false
    this.wake()
    this.polls.start()
  }

  /** Receives rows that just got their offset. Called for every row, in order, from the creation of the reader on. */
  push(rows: readonly R[]): void {
    if (this.pushed.length + rows.length <= MAX_PUSHED) {
      this.pushed.push(...rows)
    } else {
      this.pushed = []
      this.mustFetch = true
    }
    this.wake()
  }

  refetch(): void {
    this.mustFetch = true
    this.wake()
  }

  async stop(): Promise<void> {
    this.stopped = true
    void this.polls.stop()
    await this.done
    this.cancelStore?.()
    await this.storePosition().catch(this.onFault)
  }

  private wake(): void {
    if (!this.stopped && !this.reading) this.done = this.read()
  }

  private async read(): Promise<void> {
    this.reading = true
    while (!this.stopped && (this.mustFetch || this.pushed.length > 0)) {
      try {
        await this.readBatch()
      } catch (error) {
        if (this.stopped) break
        this.onFault(error)
        this.mustFetch = true
        await pause(this.clock, BACK_OFF_MS)
      }
    }
    this.reading = false
  }

  private async readBatch(): Promise<void> {
    const at = (this.position ??= this.storedPosition = await this.stream.position())
    if (!this.mustFetch) return this.handle(this.pushed.splice(0), at)
    // Cleared before the query: a row pushed during it is in its result or in the queue, and an overflow sets the flag again.
    this.mustFetch = false
    const rows = await this.stream.fetch(at, BATCH)
    if (rows.length === BATCH) this.mustFetch = true
    await this.handle(rows, at)
  }

  private async handle(rows: readonly R[], after: number): Promise<void> {
    let at = after
    for (const row of rows) {
      if (this.stopped) return
      if (Number(row.offset) <= at) continue
      try {
        await this.stream.handle(row)
      } catch (error) {
        // Rows taken from the queue but not handled are read from the log again.
        this.mustFetch = true
        throw error
      }
      at = Number(row.offset)
      this.position = at
      this.storePositionLater()
    }
  }

  private storePositionLater(): void {
    this.cancelStore ??= this.clock.after(STORE_DELAY_MS, () => {
      this.cancelStore = undefined
      this.storePosition().catch((error: unknown) => {
        this.onFault(error)
        this.storePositionLater()
      })
    })
  }

  private async storePosition(): Promise<void> {
    const at = this.position
    if (at === undefined || at <= this.storedPosition) return
    await this.stream.storePosition(at)
    this.storedPosition = at
  }
}
