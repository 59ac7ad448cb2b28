import type { Clock, Logger, Metrics } from '#libs/platform'
import { LogMetrics } from './log-metrics.js'

/** Entries that no witness has seen for so long wait for a person, not for a batch. */
const ALARM_MS = 30_000

/** How far the published checkpoint is behind the log: shown in the metrics, said once when it lasts, and once when it is over. */
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

  /** `entries`: how many no published checkpoint covers at this moment. */
  is(entries: number): void {
    this.entries = entries
    this.show()
  }

  /** Entries of the log at this moment. */
  grew(entries: number): void {
    this.metrics.entries.set(entries)
  }

  /** Here, or by another instance. */
  published(): void {
    this.publishedAt = this.clock.now().getTime()
  }

  /** The log takes nothing more: it is behind from now on, however many entries it has. */
  halt(): void {
    this.halted = true
    this.metrics.halted.set(1)
    this.show()
  }

  /** Nobody can say how it is now: what was known goes on ageing. */
  show(): void {
    const now = this.clock.now().getTime()
    this.since = this.entries === 0 && !this.halted ? undefined : (this.since ?? now)
    const ms = this.since === undefined ? 0 : now - this.since
    this.metrics.checkpointLag.set(this.entries)
    this.metrics.checkpointLagSeconds.set(ms / 1_000)
    const rings = ms > ALARM_MS && this.entries > 0
    if (rings === this.ringing) return
    this.ringing = rings
    const fields = { alarm: 'audit_unwitnessed', entries: this.entries, next: 'hms-svc audit verify' }
    if (rings) this.log.error(fields, 'alarm: entries of the audit log wait for their witnesses')
    else this.log.warn(fields, 'alarm over')
  }

  get concerns(): string[] {
    return this.ringing ? [`${this.entries} entries of the audit log wait for their witnesses`] : []
  }
}
