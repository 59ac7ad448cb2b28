import type { Metrics } from '#libs/platform'

const BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Histogram of the seconds until every reachable config-store has a rollback. */
export function rollbackSeconds(metrics: Metrics) {
  return metrics.histogram(
    'rollback_duration_seconds',
    'Time from a call to roll back until every config-store that can be reached has stored or refused the heads',
    [],
    BUCKETS_SECONDS,
  )
}
