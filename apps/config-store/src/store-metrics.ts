import { Metrics } from '#libs/platform'
import { Injectable } from '@nestjs/common'

/** Metrics of connections and presence. */
@Injectable()
export class StoreMetrics {
  readonly connections = this.metrics.gauge('push_connections', 'Open push connections', ['transport'])
  readonly presenceFailures = this.metrics.gauge(
    'presence_failures',
    'Consecutive failures to exchange presence, or to report coverage; 0 in a healthy system',
    ['what'],
  )
  readonly presenceRefused = this.metrics.counter(
    'presence_refused_total',
    'Bots whose presence the database refused to store; other bots are unaffected; 0 in a healthy system',
  )

  readonly bots = this.metrics.gauge('bots', 'Named bots connected here, by state (silent: no revision reported yet)', ['state'])
  readonly botsLeftBehind = this.metrics.gauge(
    'bots_left_behind',
    'Named bots, of all instances, that left in the last seven days before they had acknowledged what was in force, and have not returned',
  )
  readonly reads = this.metrics.counter('reads_total', 'Reads served, by source', ['source'])
  readonly propagation = this.metrics.histogram(
    'push_propagation_seconds',
    'Time from the signing of the newest head of a revision to each acknowledgement of it by a connected bot',
    [],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  )

  constructor(private readonly metrics: Metrics) {}
}
