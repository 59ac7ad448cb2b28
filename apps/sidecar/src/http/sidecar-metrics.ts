import { Gauge, Registry } from 'prom-client'
import type { HeldValues } from '../held-values.js'
import type { EventFeed } from '../push/event-feed.js'

/** What tells whether a side-car does its work, read when asked for. */
export function sidecarMetrics(values: HeldValues, feed: EventFeed): Registry {
  const registry = new Registry()
  const gauge = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(
      new Gauge({
        name: `hms_svc_sidecar_${name}`,
        help,
        registers: [],
        collect() {
          this.set(read())
        },
      }),
    )
  }
  gauge('ready', '1 while the copy is all that is signed, 0 while it may be old', () => (values.state === 'READY' ? 1 : 0))
  gauge('revision', 'Revision of the copy', () => values.revision)
  gauge('policies', 'Policies in force', () => values.ids().length)
  gauge('age_seconds', 'Since the server last confirmed the copy; 0 when it holds nothing', () => ageMs(values) / 1_000)
  gauge('subscribers', 'Open readers of events', () => feed.size)
  return registry
}

/** All values are confirmed together. */
function ageMs(values: HeldValues): number {
  const [any] = values.ids()
  return any === undefined ? 0 : values.explain(any).ageMs
}
