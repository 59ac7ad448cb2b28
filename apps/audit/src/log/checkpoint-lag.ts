import type { Clock, Logger, Metrics } from '#libs/platform'

/** Entries that no witness has seen for so long wait for a person, not for a batch. */
const ALARM_MS = 30_000

/** How far the published checkpoint is behind the log: shown in the metrics, said once when it lasts, and once when it is over. */
export class CheckpointLag {
  private since: number | undefined
  private ringing = false

  constructor(
    private readonly metrics: Metrics,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** `entries`: how many no published checkpoint covers at this moment. */
  is(entries: number): void {
    const now = this.clock.now().getTime()
    this.since = entries === 0 ? undefined : (this.since ?? now)
    const ms = this.since === undefined ? 0 : now - this.since
    this.metrics.checkpointLag.set(entries)
    this.metrics.checkpointLagSeconds.set(ms / 1_000)
    if (ms > ALARM_MS === this.ringing) return
    this.ringing = !this.ringing
    const fields = { alarm: 'audit_unwitnessed', entries, next: 'hms-svc audit verify' }
    if (this.ringing) this.log.error(fields, 'alarm: entries of the audit log wait for their witnesses')
    else this.log.warn(fields, 'alarm over')
  }
}
