import { Metrics } from '#libs/platform'
import type { HeldValues } from '../held-values.js'
import type { FileWriter } from '../write/file-writer.js'

/** Metrics of a side-car, computed on each scrape. */
export function sidecarMetrics(values: HeldValues, readersOfEvents: () => number, files: Pick<FileWriter, 'failing'>): Metrics {
  const metrics = new Metrics()
  const gauge = (name: string, help: string, read: () => number): void => {
    const shown = metrics.gauge(`sidecar_${name}`, help, [])
    metrics.beforeCollect(() => shown.set(read()))
  }
  gauge('ready', '1 while the copy is all that is signed, 0 while it may be old', () => (values.state === 'READY' ? 1 : 0))
  gauge('revision', 'Revision of the copy', () => values.revision)
  gauge('policies', 'Policies in force by the copy', () => values.ids().length)
  gauge('age_seconds', 'Since the server last confirmed the copy; 0 when it holds nothing', () => ageMs(values) / 1_000)
  gauge('subscribers', 'Open readers of events', readersOfEvents)
  gauge('files_failing', 'Files that could not be written with what is in force', () => files.failing)
  return metrics
}

/** Age of the values in ms; all values are confirmed together. */
function ageMs(values: HeldValues): number {
  const [any] = values.ids()
  return any === undefined ? 0 : values.explain(any).ageMs
}
