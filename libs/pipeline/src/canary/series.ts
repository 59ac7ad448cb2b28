import type { CanaryPoint } from '#libs/contracts'
import { isLive, type Canary } from './canary.js'
import { figuresOf } from './figures.js'

/** Maximum points of a canary: with more, every second one is dropped, so that the stored document stays small. */
export const MAX_POINTS = 120
/** Points without a new alert are at least this part of the observation apart. */
const PARTS = 60

type At = Parameters<typeof figuresOf>[1]

/** Adds a point if `before` has other counts: at the start of a step, after a counted alert, at the verdict, and at intervals. */
export function recordPoint(canary: Canary, before: Canary, at: At): Canary {
  if (canary.watch === undefined || canary.watch === before.watch) return canary
  const { series = [], observeMs } = canary
  const [last, point] = [series.at(-1), pointOf(canary, at)]
  const isDue = last === undefined || at.now.getTime() - Date.parse(last.at) >= Math.max(1, observeMs / PARTS)
  const isEvent = last?.step !== point.step || last.cohortAlerts !== point.cohortAlerts || last.controlAlerts !== point.controlAlerts
  if (!isDue && !isEvent && isLive(canary)) return canary
  const isFull = series.length >= MAX_POINTS // guard: canary-series
  return { ...canary, series: [...(isFull ? series.filter((_point, index) => index % 2 === 0) : series), point] }
}

/** Returns the recorded points, oldest first; while the canary is live, a last one is of `now`. */
export function seriesOf(canary: Canary, at: At): readonly CanaryPoint[] {
  const { series = [], watch } = canary
  return watch !== undefined && isLive(canary) ? [...series, pointOf(canary, at)] : series
}

function pointOf(canary: Canary, at: At): CanaryPoint {
  const { cohortHours, controlHours, cohortAlerts, controlAlerts, expected, evidence } = figuresOf(canary, at)!
  const [cohort, control] = [rounded(cohortHours), rounded(controlHours)]
  const counts = { cohortHours: cohort, controlHours: control, cohortAlerts, controlAlerts }
  return { at: at.now.toISOString(), step: (canary.step ?? 0) + 1, ...counts, expected: rounded(expected), evidence: rounded(evidence) }
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
