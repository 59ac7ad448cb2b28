import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Metrics of one process; services of the process share it and are told apart by the label `service`. */
export class Metrics {
  readonly registry = new Registry()
  readonly handled = new Counter({
    name: 'hms_events_handled_total',
    help: 'Events handled, by outcome',
    labelNames: ['service', 'topic', 'outcome'] as const,
    registers: [this.registry],
  })
  readonly handlerSeconds = new Histogram({
    name: 'hms_event_handler_seconds',
    help: 'Time from taking an event to its commit',
    labelNames: ['service', 'topic'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.registry],
  })
  readonly deadLetters = new Counter({
    name: 'hms_dead_letters_total',
    help: 'Messages given up, by service and code',
    labelNames: ['service', 'code'] as const,
    registers: [this.registry],
  })
  readonly deadLettersForgotten = new Counter({
    name: 'hms_svc_dlq_forgotten_total',
    help: 'Ignored dead letters that were deleted because newer ones came',
    labelNames: ['service'] as const,
    registers: [this.registry],
  })
  readonly repairs = new Counter({
    name: 'hms_svc_repairs_total',
    help: 'What a reconciler found wrong and mended; 0 in a healthy system',
    labelNames: ['service', 'what'] as const,
    registers: [this.registry],
  })
  readonly outboxPending = this.gauge('outbox_pending', 'Events committed and not yet in the log', ['service'])
  readonly outboxOldestAge = this.gauge('outbox_oldest_age_seconds', 'Age of the oldest of them', ['service'])
  readonly timersOverdue = this.gauge('timers_overdue_seconds', 'How long the oldest due timer waits', ['service'])
  readonly parked = this.gauge('parked_events', 'Events that wait for an earlier one of their key', ['service'])
  readonly parkedOldestAge = this.gauge('parked_oldest_age_seconds', 'Age of the oldest of them', ['service'])
  readonly deadLettersWaiting = this.gauge('dlq_messages', 'Dead letters that wait for a person', ['group', 'topic'])
  readonly deadLettersOldestAge = this.gauge('dlq_oldest_age_seconds', 'Age of the oldest of them', ['group', 'topic'])
  readonly lagMessages = this.gauge('bus_lag_messages', 'Messages that a group has not handled', ['topic', 'group'])
  readonly lagSeconds = this.gauge('bus_lag_seconds', 'Age of the oldest of them; 0 when there are none', ['topic', 'group'])
  readonly runsWithoutTimer = new Gauge({
    name: 'hms_svc_runs_without_timer',
    help: 'Open runs that nothing would ever end; 0 in a healthy system',
    registers: [this.registry],
  })
  readonly sockets = new Gauge({
    name: 'hms_config_store_connections',
    help: 'Open push connections',
    labelNames: ['kind'] as const,
    registers: [this.registry],
  })

  private gauge<L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> {
    return new Gauge({ name: `hms_svc_${name}`, help, labelNames: [...labelNames], registers: [this.registry] })
  }

  /** Process metrics (CPU, heap, event loop): once per process, not in tests. */
  withProcessMetrics(): this {
    collectDefaultMetrics({ register: this.registry })
    return this
  }
}
