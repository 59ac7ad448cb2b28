import type { Database } from '#libs/persistence'
import { describeError, isTransient, type Clock, type Logger } from '#libs/platform'
import type { EventBus } from '../event-bus.js'
import type { OutboxStore } from './outbox.store.js'

const BATCH = 200
const POLL_MS = 1_000
const BACK_OFF_MS = [50, 100, 250, 500, 1_000] as const

/** Who may read the outbox: one process per service, by session advisory lock. */
export interface Leadership {
  tryLead(shard: number): Promise<boolean>
}

/**
 * Moves a service's outbox to the bus: unsent rows in seq order, marked sent only when the bus named them. A cursor on `seq`, or a second
 * reader with SKIP LOCKED, was measured to lose or invert events (research 05 §1.2). A zombie leader is harmless: it too starts at the
 * oldest unsent row, and what it sends twice the positions drop.
 */
export class Relay {
  private pumping = false
  private again = false
  private stopped = true
  private failures = 0
  private cancelNext: () => void = () => {}
  private done: Promise<void> = Promise.resolve()

  constructor(
    private readonly database: Database,
    private readonly store: OutboxStore,
    private readonly bus: EventBus,
    private readonly leadership: Leadership,
    private readonly source: string,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.stopped = false
    this.wake()
  }

  wake(): void {
    if (this.stopped) return
    this.again = true
    if (!this.pumping) this.done = this.pump()
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.cancelNext()
    await this.done
  }

  get idle(): boolean {
    return !this.pumping
  }

  private async pump(): Promise<void> {
    this.pumping = true
    this.cancelNext()
    let delayMs = POLL_MS
    try {
      while (this.again && !this.stopped) {
        this.again = false
        if (!(await this.leadership.tryLead(0))) break
        if (await this.moveBatch()) this.failures = 0
        else delayMs = BACK_OFF_MS[Math.min(this.failures++, BACK_OFF_MS.length - 1)]!
      }
    } catch (error) {
      delayMs = BACK_OFF_MS[Math.min(this.failures++, BACK_OFF_MS.length - 1)]!
      const fields = { source: this.source, error: describeError(error) }
      if (isTransient(error)) this.log.debug(fields, 'relay waits')
      else this.log.error(fields, 'relay failed and will try again')
    } finally {
      this.pumping = false
      if (!this.stopped) this.cancelNext = this.clock.after(delayMs, () => this.wake())
    }
  }

  /** `false` when the bus did not take all of the batch. */
  private async moveBatch(): Promise<boolean> {
    const rows = await this.database.statements((tx) => this.store.unsent(tx, BATCH))
    if (rows.length === 0) return true
    const written = await this.bus.publish(rows)
    const sent = rows.filter((row) => written.has(row.id))
    if (sent.length > 0) {
      const offsets = await this.database.statements((tx) => this.store.markSent(tx, sent.map((row) => row.id)))
      this.bus.announce(this.source, sent.flatMap((event) => (offsets.has(event.id) ? { event, offset: offsets.get(event.id)! } : [])))
    }
    if (sent.length < rows.length) return false
    // What was written meanwhile has woken the relay by itself.
    this.again ||= rows.length === BATCH
    return true
  }
}
