import { TOPICS } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import { backOffMs, describeError, isTransient, PeriodicTask, exportWait, messageSpan, type Clock, type Logger } from '#libs/platform'
import { SOURCE_PREFIX } from '../cloud-event.js'
import type { EventBus, LogPosition, SentEvent } from '../event-bus.js'
import type { OutboxRow, OutboxStore } from './outbox.store.js'
import type { Reconciler } from './reconciler.js'

const BATCH = 200
/** Batches grow after failures, so the rows of a blocked partition do not hide those of others. */
const MAX_BATCH = 3_200
const POLL_MS = 1_000
const RECONCILE_MS = 60_000
const PRUNE_MS = 60 * 60 * 1000
/** Equals the segment time: a topic is compacted only when a segment closes, and a segment closes only on an append. */
const HEARTBEAT_MS = 60 * 60 * 1000

/** Elects the reader of the outbox: one process per service, by session advisory lock. */
export interface Leadership {
  tryLead(shard: number): Promise<boolean>
}

/**
 * Moves a service's outbox to the bus in `seq` order; marks rows as sent once confirmed. A cursor on `seq` or a second reader with SKIP
 * LOCKED was measured to lose or invert events. A zombie leader also starts at the oldest unsent row; readers drop duplicates by position.
 */
export class Relay {
  private readonly pumps: PeriodicTask
  private nextPumpMs = POLL_MS
  private failures = 0
  private faulted = false
  private reconcileAtMs = 0
  private pruneAtMs = 0
  private heartbeatAtMs = 0
  private isLeader = false
  /** Whether rows may be marked as sent but not announced, because the database did not respond. */
  private isUncertain = false

  constructor(
    private readonly database: Database,
    private readonly store: OutboxStore,
    private readonly bus: EventBus,
    private readonly leadership: Leadership,
    private readonly reconciler: Reconciler,
    private readonly source: string,
    private readonly clock: Clock,
    private readonly log: Logger,
    /** Deletes expired rows; returns `true` when more remain. */
    private readonly prune: () => Promise<boolean> = async () => false,
    /** Wakes the leading relay in another instance. */
    private readonly wakeOthers: () => void = () => {},
  ) {
    this.pumps = new PeriodicTask(clock, {
      everyMs: () => this.nextPumpMs,
      run: () => this.pump(),
      failed: (error) => {
        this.backOff()
        this.isUncertain = true
        const fields = { source, error: describeError(error) }
        if (isTransient(error)) log.debug(fields, 'relay met a transient fault; retrying')
        else log.error(fields, 'relay failed; retrying')
      },
    })
  }

  start(): void {
    this.pumps.start()
    this.wake()
  }

  wake(): void {
    this.pumps.wake()
  }

  /** Called after a commit with new rows. No other instance is notified: each event would wake all services of the database. */
  rowsCommitted(): void {
    this.wake()
    if (!this.isLeader) this.wakeOthers()
  }

  stop(): Promise<void> {
    return this.pumps.stop()
  }

  get idle(): boolean {
    return this.pumps.idle
  }

  private async pump(): Promise<void> {
    this.nextPumpMs = POLL_MS
    const wasLeader = this.isLeader
    this.isLeader = await this.leadership.tryLead(0)
    if (!this.isLeader) {
      // Another instance may lead meanwhile, so this one compares first when it leads again.
      this.reconcileAtMs = 0
      // The new leader has to move the rows that woke this pump, and has not been notified of them.
      if (wasLeader) this.wakeOthers()
      return
    }
    await this.runMaintenance()
    if (await this.publishBatch()) this.failures = 0
    else this.backOff()
  }

  private backOff(): void {
    this.nextPumpMs = backOffMs(++this.failures, POLL_MS)
  }

  /** Sends one batch; returns `false` when the bus did not confirm the whole batch. */
  private async publishBatch(): Promise<boolean> {
    if (this.bus.isOutbox === true) return this.markBatchSent()
    const limit = Math.min(BATCH * 2 ** this.failures, MAX_BATCH)
    const rows = await this.database.autocommit((tx) => this.store.unsent(tx, limit))
    if (rows.length === 0) return true
    const written = await this.bus.publish(rows)
    const isComplete = written.size === rows.length
    this.faulted ||= !isComplete
    if (written.size > 0) await this.markSent(rows, written)
    if (!isComplete) return false
    // A broker that did not respond may have lost records.
    if (this.faulted) this.reconcileAtMs = 0
    // Rows committed in the meantime have woken the relay themselves.
    if (this.faulted || rows.length === limit) this.wake()
    this.faulted = false
    return true
  }

  /** Marks a batch as sent and reads it in one statement, which saves a round trip on each of the eleven hops from approved to global. */
  private async markBatchSent(): Promise<true> {
    const sent = await this.database.autocommit((tx) => this.store.sendUnsent(tx, BATCH))
    this.announce(sent.map(({ offset, ...event }) => ({ event, offset })))
    if (sent.length === BATCH) this.wake()
    return true
  }

  private async markSent(rows: readonly OutboxRow[], written: ReadonlyMap<string, LogPosition | undefined>): Promise<void> {
    const markable = await this.withoutResent(rows, written)
    const offsets = await this.database.autocommit((tx) => this.store.markSent(tx, markable)) // guard: marked-by-the-bus
    const sent = rows.flatMap((event) => (offsets.has(event.id) ? { event, offset: offsets.get(event.id)! } : []))
    this.announce(sent)
  }

  private announce(sent: readonly SentEvent[]): void {
    // Exports a trace span from the commit to the confirmation by the bus.
    for (const { event } of sent) exportWait(event.traceparent, { ...messageSpan('publish', event), startMs: Date.parse(event.time) })
    if (this.isUncertain) this.bus.announce(this.source, [])
    this.isUncertain = false
    if (sent.length > 0) this.bus.announce(this.source, sent)
  }

  /**
   * Returns the events that may be marked as sent. Rows written to a recreated partition are sent again, after all lost rows: a reader that
   * was offline resumes at its old offset and would miss rows at lower offsets.
   */
  private async withoutResent(
    rows: readonly OutboxRow[],
    written: ReadonlyMap<string, LogPosition | undefined>,
  ): Promise<ReadonlyMap<string, LogPosition | undefined>> {
    const kept = new Map(written)
    const positions = new Map<string, LogPosition[]>()
    for (const { id, topic } of rows) {
      const position = written.get(id)
      if (position === undefined) continue
      const mine = positions.get(topic)
      if (mine === undefined) positions.set(topic, [position])
      else mine.push(position)
    }
    for (const [topic, mine] of positions) {
      const resent = await this.reconciler.checkSent(topic, mine, this.clock.elapsedMs(), this.faulted)
      if (resent.size === 0) continue
      this.wake()
      for (const row of rows) if (row.topic === topic && resent.has(written.get(row.id)?.partition ?? -1)) kept.delete(row.id)
    }
    return kept
  }

  private async runMaintenance(): Promise<void> {
    const now = this.clock.elapsedMs()
    if (now >= this.reconcileAtMs) {
      this.reconcileAtMs = now + RECONCILE_MS
      await this.reconciler.compare(now).catch((error: unknown) => {
        this.reconcileAtMs = now + POLL_MS
        this.log.debug({ source: this.source, error: describeError(error) }, 'outbox and log could not be compared; retrying')
      })
    }
    if (now >= this.pruneAtMs) {
      const more = await this.prune().catch((error: unknown) => {
        this.log.warn({ source: this.source, error: describeError(error) }, 'old rows could not be deleted')
        return false
      })
      this.pruneAtMs = now + (more ? POLL_MS : PRUNE_MS)
    }
    if (now >= this.heartbeatAtMs) {
      this.heartbeatAtMs = now + HEARTBEAT_MS
      void this.bus.writeHeartbeats(this.compactedTopics())
    }
  }

  private compactedTopics(): string[] {
    const service = this.source.slice(SOURCE_PREFIX.length)
    return TOPICS.filter(({ cleanup, producers }) => cleanup === 'compact' && producers[0] === service).map(({ name }) => name)
  }
}
