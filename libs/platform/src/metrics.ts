import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

const HANDLER_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

/** Gauges of Node that are called like counters: `promtool check metrics` refuses the whole page. The gauges by type say the same. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** Metrics of one process, all under `hms_svc_`; services of the process share it and are told apart by a label. */
export class Metrics {
  readonly registry = new Registry()
  readonly handled = this.counter('bus_handled_total', 'Messages that a group is done with, by outcome', ['group', 'topic', 'outcome'])
  readonly handlerSeconds = new Histogram({
    name: 'hms_svc_bus_handler_duration_seconds',
    help: 'Time from taking a message to its commit',
    labelNames: ['group', 'topic', 'outcome'] as const,
    buckets: HANDLER_BUCKETS_SECONDS,
    registers: [this.registry],
  })
  readonly deadLetters = this.counter('dlq_letters_total', 'Messages given up, by code', ['group', 'code'])
  readonly deadLettersForgotten = this.counter('dlq_forgotten_total', 'Ignored dead letters that were deleted because newer ones came', [
    'group',
  ])
  readonly deadLettersWaiting = this.gauge('dlq_messages', 'Dead letters that wait for a person', ['group', 'topic'])
  readonly deadLettersOldestAge = this.gauge('dlq_oldest_age_seconds', 'Age of the oldest of them', ['group', 'topic'])
  readonly repairs = this.counter('repairs_total', 'What a reconciler found wrong and mended; 0 in a healthy system', ['service', 'what'])
  readonly pruned = this.counter('pruned_rows_total', 'Rows deleted because they were older than their retention', ['service', 'table'])
  readonly outboxPending = this.gauge('outbox_pending', 'Events committed and not yet in the log', ['service'])
  readonly outboxOldestAge = this.gauge('outbox_oldest_age_seconds', 'Age of the oldest of them', ['service'])
  readonly timersOverdue = this.gauge('timers_overdue_seconds', 'How long the oldest due timer waits', ['service'])
  readonly parked = this.gauge('parked_events', 'Events that wait for an earlier one of their key', ['service'])
  readonly parkedOldestAge = this.gauge('parked_oldest_age_seconds', 'Age of the oldest of them', ['service'])
  readonly lagMessages = this.gauge('bus_lag_messages', 'Messages that a group has not handled', ['topic', 'group'])
  readonly lagSeconds = this.gauge('bus_lag_seconds', 'Age of the oldest of them; 0 when there are none', ['topic', 'group'])
  readonly runsWithoutTimer = this.gauge('runs_without_timer', 'Open runs that nothing would ever end; 0 in a healthy system', [])
  readonly checkpointLag = this.gauge('checkpoint_lag_entries', 'Entries of the audit log that no published checkpoint covers', [])
  readonly checkpointLagSeconds = this.gauge('checkpoint_lag_seconds', 'For how long there have been such', [])
  readonly auditLogHalted = this.gauge(
    'audit_log_halted',
    '1 while signed evidence of another history keeps the audit log from growing',
    [],
  )
  readonly witnessSuspended = this.gauge('audit_witness_suspended', '1 while a witness contradicts the audit log and counts as missing', [
    'witness',
  ])
  readonly deliveryFailures = this.gauge(
    'presence_failures',
    'Tries in a row that failed to exchange presence, or to report coverage; 0 in a healthy system',
    ['what'],
  )
  readonly presenceRefused = this.counter(
    'presence_refused_total',
    'Bots that the database refused to store, each left out alone; 0 in a healthy system',
    [],
  )
  readonly sockets = this.gauge('push_connections', 'Open push connections', ['transport'])

  /** Process metrics (CPU, heap, event loop): once per process, not in tests. */
  withProcessMetrics(): this {
    collectDefaultMetrics({ register: this.registry })
    for (const name of MISNAMED) this.registry.removeSingleMetric(name)
    return this
  }

  private counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name: `hms_svc_${name}`, help, labelNames: [...labelNames], registers: [this.registry] })
  }

  private gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name: `hms_svc_${name}`, help, labelNames: [...labelNames], registers: [this.registry] })
  }
}
