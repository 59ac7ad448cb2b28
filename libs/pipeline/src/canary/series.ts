import type { CanaryPoint } from '#libs/contracts'
import { isLive, stepNumber, type Canary } from './canary.js'
import { figuresOf } from './figures.js'

/** Maximum points of a canary: with more, every second one is dropped, so that the stored document stays small. */
export const MAX_POINTS = 120
/** Points without a new alert of the cohort are at least this part of the observation apart. */
const PARTS = 60

type At = Parameters<typeof figuresOf>[1]

/**
 * Adds a point if `before` has other counts: at the start of a step, after a counted alert of the cohort, at the verdict, and at intervals.
 * Other alerts add none, because a flood of the control group's alerts must cost no figures.
 */
export function recordPoint(canary: Canary, before: Canary, at: At): Canary {
  const { watch, series = [], observeMs } = canary
  if (watch === undefined || watch === before.watch) return canary
  const last = series.at(-1)
  const isDue = last === undefined || at.now.getTime() - Date.parse(last.at) >= Math.max(1, observeMs / PARTS)
  const isEvent = last?.step !== stepNumber(canary) || last.cohortAlerts !== watch.paired.cohortEvents + watch.alone.events
  if (!isDue && !isEvent && isLive(canary)) return canary
  const isFull = series.length >= MAX_POINTS
  return { ...canary, series: [...(isFull ? series.filter((_point, index) => index % 2 === 0) : series), pointOf(canary, at)] }
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
  return { at: at.now.toISOString(), step: stepNumber(canary), ...counts, expected: rounded(expected), evidence: rounded(evidence) }
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
