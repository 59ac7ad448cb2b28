import type { MetricFigures } from './metric-gates.js'

/** Figures of a canary's verdict. Counts unexplained alerts, at most one per bot and window. Exposure is the sum of each bot's run time. */
export interface CanaryFigures {
  /** Connected bots of the scope inside the share, and outside it (the control group), as counted at `countedAt`. */
  cohort: number
  control: number
  countedAt: string
  /** Exposure of each group in bot-hours. */
  cohortHours: number
  controlHours: number
  cohortAlerts: number
  controlAlerts: number
  /** Alerts expected of the cohort at the control group's rate, or at the budget without a control group. */
  expected: number
  /** Evidence (e-value) for a higher alert rate in the cohort; the canary fails as soon as it reaches `limit`. */
  evidence: number
  limit: number
  /** Probability of at least `cohortAlerts` in the cohort if both rates are equal, for one check. Informational; `null` without alerts. */
  chance: number | null
  /** Probability that a doubled alert rate would have caused two alerts, which end the canary. */
  power: number
  /** Whether the counts exclude a doubled alert rate, with an error of at most 10 %. */
  isDoublingExcluded: boolean
  /** Reasons why the figures are unreliable; empty if they are reliable. */
  lacks: CanaryLack[]
  /** All alerts, including explained ones, beside the number that the replay predicts; absent without a prediction. Informational. */
  load?: CanaryLoad
  metrics?: MetricFigures[]
}

/** Counts of a canary at one time (RFC 3339), for a chart, rounded to four digits. `step`: number of the ramp step, from 1. */
export interface CanaryPoint extends Pick<CanaryFigures, Counted> {
  at: string
  step: number
}
type Counted = 'cohortHours' | 'controlHours' | 'cohortAlerts' | 'controlAlerts' | 'expected' | 'evidence'

/**
 * Observed and predicted alerts of the cohort. `alerts` counts one per bot and reading. `predicted` is the number that the same exposure of
 * correct bots would cause if each bot read all recorded readings of its region; bots that share the readings raise fewer.
 */
export interface CanaryLoad {
  alerts: number
  predicted: number
}

/** A passed step of a ramp: requested share, actual bot counts, and the basis of its verdict. */
export interface PassedStep {
  /** Step number, from 1. */
  step: number
  scope: string
  scopeName: string
  /** Share in basis points: of the plan, and of the heads. The heads have a larger share if no bot was below the requested one. */
  requestedShare: number
  realisedShare: number
  /** `cohort`: connected bots that should run the release, also by an earlier step's head. `connected`: all connected bots of the scope. */
  cohort: number
  connected: number
  /** Basis of the verdict: observed bots, a person's decision, or elapsed time. */
  basis: 'observed' | 'promoted' | 'unobserved'
  summary: string
  startedAt: string
  endedAt: string
  figures?: CanaryFigures
}

export const CANARY_LACKS = ['SKEWED_EXPOSURE', 'STALE_DATA', 'COHORT_LOST', 'CONTROL_LOST'] as const
export type CanaryLack = (typeof CANARY_LACKS)[number]
