import type { Metrics } from '#libs/platform'

/** Gauges of the transparency log. */
export class LogMetrics {
  readonly checkpointLag = this.metrics.gauge('checkpoint_lag_entries', 'Entries of the audit log that no published checkpoint covers', [])
  readonly checkpointLagSeconds = this.metrics.gauge('checkpoint_lag_seconds', 'For how long there have been such', [])
  readonly entries = this.metrics.gauge('audit_entries', 'Entries of the audit log', [])
  readonly checkpointAge = this.metrics.gauge(
    'audit_checkpoint_age_seconds',
    'Since this process last saw a checkpoint published, or since its start',
    [],
  )
  readonly halted = this.metrics.gauge(
    'audit_log_halted',
    '1 while signed evidence of another history keeps the audit log from growing',
    [],
  )
  readonly witnessSuspended = this.metrics.gauge(
    'audit_witness_suspended',
    '1 while a witness contradicts the audit log and counts as missing',
    ['witness'],
  )

  constructor(private readonly metrics: Metrics) {}
}
