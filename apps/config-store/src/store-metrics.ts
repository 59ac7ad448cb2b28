import type { Metrics } from '#libs/platform'

/** What config-store counts of its connections and of presence. */
export class StoreMetrics {
  readonly connections = this.metrics.gauge('push_connections', 'Open push connections', ['transport'])
  readonly presenceFailures = this.metrics.gauge(
    'presence_failures',
    'Tries in a row that failed to exchange presence, or to report coverage; 0 in a healthy system',
    ['what'],
  )
  readonly presenceRefused = this.metrics.counter(
    'presence_refused_total',
    'Bots that the database refused to store, each left out alone; 0 in a healthy system',
    [],
  )

  constructor(private readonly metrics: Metrics) {}
}
