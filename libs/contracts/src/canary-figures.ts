import type { MetricFigures } from './metric-gates.js'

/** Figures of a canary's verdict. Alerts are unexplained ones, one per bot and window; exposure is bots times the time they ran it. */
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
  /** Alerts of the cohort expected at the control group's rate, or at the budget if there is none. */
  expected: number
  /** Evidence for a higher rate in the cohort; the canary fails as soon as it reaches `limit`. */
  evidence: number
  limit: number
  /** Probability of such a split or a worse one at equal rates, for a single look; informational. `null` without alerts. */
  chance: number | null
  /** Probability that a doubled rate would have caused two alerts and so ended the canary. */
  power: number
  /** Whether a doubled rate is excluded with an error of 10 %. */
  isDoublingExcluded: boolean
  /** Why the figures are unreliable; empty if they are not. */
  lacks: CanaryLack[]
  /** Number of all alerts, including explained ones, if the replay predicts it. Informational. */
  load?: CanaryLoad
  /** Results of the plan's metrics, if it has any. */
  metrics?: MetricFigures[]
}

/**
 * `alerts`: of the cohort, one per bot and reading. `predicted`: alerts of as many correct bots in the same time, if each read all
 * recordings of its region; bots that share the readings raise fewer.
 */
export interface CanaryLoad {
  alerts: number
  predicted: number
}

/** A passed step of a ramp: request, actual numbers, and the basis of its verdict. */
export interface PassedStep {
  /** Step number, from 1. */
  step: number
  scope: string
  scopeName: string
  /** Basis points as requested, and as in its head: larger if no bot fell below the requested share. */
  requestedShare: number
  realisedShare: number
  /** Bots of its scope that had the release then, including by an earlier step, and all connected there. */
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
