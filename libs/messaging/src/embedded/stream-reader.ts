import { pause, type Clock } from '#libs/platform'

export interface Stream<R extends { offset: string }> {
  topic: string
  source: string
  position(): Promise<number>
  moveTo(offset: number): Promise<void>
  fetch(after: number, limit: number): Promise<R[]>
  handle(row: R): Promise<void>
}

const BATCH = 100
const POLL_MS = 1_000
const BACK_OFF_MS = 250

/** Follows one producer's part of one topic for one group: in order, the position moved after the handler, never before. */
export class StreamReader<R extends { offset: string }> {
  private stopped = true
  private reading = false
  private again = false
  private at: number | undefined
  private done: Promise<void> = Promise.resolve()
  private cancelNext: () => void = () => {}

  constructor(
    private readonly stream: Stream<R>,
    private readonly clock: Clock,
    private readonly onFault: (error: unknown) => void,
  ) {}

  get topic(): string {
    return this.stream.topic
  }

  get source(): string {
    return this.stream.source
  }

  start(): void {
    this.stopped = false
    this.wake()
  }

  wake(): void {
    if (this.stopped) return
    this.again = true
    if (!this.reading) this.done = this.read()
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.cancelNext()
    await this.done
  }

  private async read(): Promise<void> {
    this.reading = true
    this.cancelNext()
    while (this.again && !this.stopped) {
      this.again = false
      try {
        await this.readBatch()
      } catch (error) {
        if (this.stopped) break
        this.onFault(error)
        this.again = true
        await pause(this.clock, BACK_OFF_MS)
      }
    }
    this.reading = false
    if (!this.stopped) this.cancelNext = this.clock.after(POLL_MS, () => this.wake())
  }

  private async readBatch(): Promise<void> {
    this.at ??= await this.stream.position()
    const rows = await this.stream.fetch(this.at, BATCH)
    let handled = this.at
    try {
      for (const row of rows) {
        if (this.stopped) break
        await this.stream.handle(row)
        handled = Number(row.offset)
      }
    } finally {
      if (handled > this.at) {
        this.at = handled
        await this.stream.moveTo(handled)
      }
    }
    if (rows.length > 0) this.again = true
  }
}
