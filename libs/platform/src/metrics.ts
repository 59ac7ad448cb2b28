import { performance } from 'node:perf_hooks'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { VERSION } from './version.js'

const HANDLER_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

/** Gauges of Node named like counters, for which `promtool check metrics` rejects the page. The gauges by type have the same data. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** Gauges that prom-client samples 100 times a second. An idle process takes 1.2 % of a core with them, 0.2 % with only the others. */
const SAMPLED_LAG = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((figure) => `nodejs_eventloop_lag_${figure}_seconds`)
/** Sampling interval of these gauges. It is long, because prom-client cannot disable the sampling. */
const SAMPLING_INTERVAL_MS = 24 * 60 * 60 * 1000

/** Metrics of one process, all prefixed `hms_svc_`; its services share them and are distinguished by a label. */
export class Metrics {
  readonly registry = new Registry()
  private readonly collectors: (() => Promise<void> | void)[] = []
  readonly handled = this.counter('bus_handled_total', 'Messages completed by a consumer group, by outcome', ['group', 'topic', 'outcome'])
  readonly handlerSeconds = this.histogram(
    'bus_handler_duration_seconds',
    'Time from receiving a message to its commit',
    ['group', 'topic', 'outcome'],
    HANDLER_BUCKETS_SECONDS,
  )
  readonly deadLetters = this.counter('dlq_letters_total', 'Messages dead-lettered, by code', ['group', 'code'])
  readonly deadLettersTrimmed = this.counter('dlq_forgotten_total', 'Dead letters deleted because more were stored than the limit', [
    'group',
  ])
  readonly deadLettersWaiting = this.gauge('dlq_messages', 'Dead letters that wait for a person', ['group', 'topic'])
  readonly deadLettersOldestAge = this.gauge('dlq_oldest_age_seconds', 'Age of the oldest waiting dead letter', ['group', 'topic'])
  private readonly repairs = this.counter('repairs_total', 'Inconsistencies repaired by a reconciler; 0 in a healthy system', [
    'service',
    'what',
  ])
  readonly pruned = this.counter('pruned_rows_total', 'Rows deleted after their retention period, and lock rows above their limit', [
    'service',
    'table',
  ])
  readonly outboxPending = this.gauge('outbox_pending', 'Events committed and not yet in the log', ['service'])
  readonly outboxOldestAge = this.gauge('outbox_oldest_age_seconds', 'Age of the oldest event not yet in the log', ['service'])
  readonly timersOverdue = this.gauge('timers_overdue_seconds', 'Time by which the oldest due timer is overdue', ['service'])
  readonly parked = this.gauge('parked_events', 'Events that wait for an earlier event of their key', ['service'])
  readonly parkedOldestAge = this.gauge('parked_oldest_age_seconds', 'Age of the oldest parked event', ['service'])
  readonly lagMessages = this.gauge('bus_lag_messages', 'Messages that a group has not handled', ['topic', 'group'])
  readonly lagSeconds = this.gauge('bus_lag_seconds', 'Age of the oldest unhandled message; 0 if there is none', ['topic', 'group'])

  constructor() {
    this.gauge('build_info', '1, with the version that runs', ['version', 'node']).set({ version: VERSION, node: process.versions.node }, 1)
  }

  /** Returns a repair counter that starts at 0, because PromQL's `increase` ignores a first sample. Declare it at the service's start. */
  repairCounter(service: string, what: string): (times?: number) => void {
    const labels = { service, what }
    this.repairs.inc(labels, 0) // guard: repairs-from-zero
    return (times = 1) => this.repairs.inc(labels, times)
  }

  /** Registers a function that updates gauges before the page is rendered. If it fails, its gauges are unchanged. */
  beforeCollect(collect: () => Promise<void> | void): void {
    this.collectors.push(collect)
  }

  /** Renders the page in Prometheus format. */
  async render(): Promise<string> {
    await Promise.all(this.collectors.map(async (collect) => collect()).map((result) => result.catch(() => {})))
    return this.registry.metrics()
  }

  /** Adds process metrics (CPU, heap, event loop): once per process, not in tests. */
  withProcessMetrics(): this {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: SAMPLING_INTERVAL_MS })
    for (const name of [...MISNAMED, ...SAMPLED_LAG]) this.registry.removeSingleMetric(name)
    const utilization = this.gauge('event_loop_utilization_ratio', 'Share of time that the event loop was busy since the last scrape')
    let before = performance.eventLoopUtilization()
    this.beforeCollect(() => {
      const now = performance.eventLoopUtilization()
      utilization.set(performance.eventLoopUtilization(now, before).utilization)
      before = now
    })
    return this
  }

  /** Declares a counter of a domain, next to the domain's code; shared by all services of the process. */
  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return this.registered<Counter<L>>(name) ?? new Counter({ ...this.prefixed(name), help, labelNames: [...labelNames] })
  }

  gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return this.registered<Gauge<L>>(name) ?? new Gauge({ ...this.prefixed(name), help, labelNames: [...labelNames] })
  }

  histogram<L extends string>(name: string, help: string, labelNames: readonly L[], buckets: readonly number[]): Histogram<L> {
    const known = this.registered<Histogram<L>>(name)
    return known ?? new Histogram({ ...this.prefixed(name), help, labelNames: [...labelNames], buckets: [...buckets] })
  }

  private registered<T>(name: string): T | undefined {
    return this.registry.getSingleMetric(this.prefixed(name).name) as T | undefined
  }

  private prefixed(name: string): { name: string; registers: Registry[] } {
    return { name: `hms_svc_${name}`, registers: [this.registry] }
  }
}
