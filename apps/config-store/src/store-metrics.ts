import { Metrics } from '#libs/platform'
import { Injectable } from '@nestjs/common'

/** Metrics of connections and presence. */
@Injectable()
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

  readonly bots = this.metrics.gauge('bots', 'Named bots connected here: as they should be, behind, or connected and silent', ['state'])
  readonly botsLeftBehind = this.metrics.gauge(
    'bots_left_behind',
    'Named bots, of all instances, that left in the last seven days before they had acknowledged what was in force, and have not returned',
    [],
  )
  readonly reads = this.metrics.counter('reads_total', 'Reads answered, by what was read', ['source'])
  readonly propagation = this.metrics.histogram(
    'push_propagation_seconds',
    'Time from the signing of the newest head of a revision to each acknowledgement of it by a connected bot',
    [],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  )

  constructor(private readonly metrics: Metrics) {}
}
