import { command } from '#libs/contracts'
import type { Clock, Logger, Metrics } from '#libs/platform'

/** Delay in ms after which unwitnessed entries raise an alarm, because they need a person instead of another batch. */
const ALARM_MS = 30_000

/** Lag of the published checkpoint behind the log: exported as metrics, logged once when it exceeds `ALARM_MS`, and once when it ends. */
export class CheckpointLag {
  private readonly lagEntries = this.metrics.gauge('checkpoint_lag_entries', 'Entries of the audit log that no published checkpoint covers')
  private readonly lagSeconds = this.metrics.gauge('checkpoint_lag_seconds', 'For how long there have been such')
  private readonly logEntries = this.metrics.gauge('audit_entries', 'Entries of the audit log')
  private readonly checkpointAge = this.metrics.gauge(
    'audit_checkpoint_age_seconds',
    'Since this process last saw a checkpoint published, or since its start',
  )
  private readonly logHalted = this.metrics.gauge(
    'audit_log_halted',
    '1 while signed evidence of another history keeps the audit log from growing',
  )
  private entries = 0
  private halted = false
  private since: number | undefined
  private ringing = false
  private publishedAt: number = this.clock.now().getTime()

  constructor(
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    metrics.beforeCollect(() => this.checkpointAge.set((clock.now().getTime() - this.publishedAt) / 1_000))
  }

  /** `entries`: number of entries that no published checkpoint covers. */
  is(entries: number): void {
    this.entries = entries
    this.show()
  }

  grew(entries: number): void {
    this.logEntries.set(entries)
  }

  /** Notes a publication by this or another instance. */
  published(): void {
    this.publishedAt = this.clock.now().getTime()
  }

  /** Notes that the log accepts no more entries: from now on it lags, regardless of the number of entries. */
  halt(): void {
    this.halted = true
    this.logHalted.set(1)
    this.show()
  }

  /** Updates the metrics. Called also if the state cannot be read: then the last known lag grows older. */
  show(): void {
    const now = this.clock.now().getTime()
    this.since = this.entries === 0 && !this.halted ? undefined : (this.since ?? now)
    const ms = this.since === undefined ? 0 : now - this.since
    this.lagEntries.set(this.entries)
    this.lagSeconds.set(ms / 1_000)
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
