import { command } from '#libs/contracts'
import type { Clock, Logger, Metrics } from '#libs/platform'
import { LogMetrics } from './log-metrics.js'

/** Delay in ms after which entries not seen by witnesses need a person, not another batch. */
const ALARM_MS = 30_000

/** Lag of the published checkpoint behind the log: exported as metrics, logged once when it lasts, and once when it ends. */
export class CheckpointLag {
  private readonly metrics: LogMetrics
  private entries = 0
  private halted = false
  private since: number | undefined
  private ringing = false
  private publishedAt: number

  constructor(
    metrics: Metrics,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.metrics = new LogMetrics(metrics)
    this.publishedAt = clock.now().getTime()
    metrics.beforeCollect(() => this.metrics.checkpointAge.set((clock.now().getTime() - this.publishedAt) / 1_000))
  }

  /** `entries`: number of entries that no published checkpoint covers. */
  is(entries: number): void {
    this.entries = entries
    this.show()
  }

  /** Sets the current number of entries in the log. */
  grew(entries: number): void {
    this.metrics.entries.set(entries)
  }

  /** Notes a publication by this or another instance. */
  published(): void {
    this.publishedAt = this.clock.now().getTime()
  }

  /** Notes that the log accepts no more entries: from now on it lags, regardless of the number of entries. */
  halt(): void {
    this.halted = true
    this.metrics.halted.set(1)
    this.show()
  }

  /** Updates the metrics. If the state cannot be read, the last known lag grows older. */
  show(): void {
    const now = this.clock.now().getTime()
    this.since = this.entries === 0 && !this.halted ? undefined : (this.since ?? now)
    const ms = this.since === undefined ? 0 : now - this.since
    this.metrics.checkpointLag.set(this.entries)
    this.metrics.checkpointLagSeconds.set(ms / 1_000)
    const rings = ms > ALARM_MS && this.entries > 0
    if (rings === this.ringing) return
    this.ringing = rings
    const fields = { alarm: 'audit_unwitnessed', entries: this.entries, next: command('audit.verify') }
    if (rings) this.log.error(fields, 'alarm: entries of the audit log wait for their witnesses')
    else this.log.warn(fields, 'alarm over')
  }

  get concerns(): string[] {
    return this.ringing ? [`${this.entries} entries of the audit log wait for their witnesses`] : []
  }
}
