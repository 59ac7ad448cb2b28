import type { MetricFigures } from './metric-gates.js'

/** What a canary was judged by. Alerts are unexplained ones, one per bot and window; exposure is bots times the time they ran it. */
export interface CanaryFigures {
  /** Connected bots of the scope inside the share, and outside of it: the control group. As last counted, and when. */
  cohort: number
  control: number
  countedAt: string
  /** Bots times hours, of each group. */
  cohortHours: number
  controlHours: number
  cohortAlerts: number
  controlAlerts: number
  /** Alerts that the cohort would have raised at the control group's rate, or at the budget without one. */
  expected: number
  /** Evidence for a higher rate in the cohort; the canary fails from `limit` on, at whatever moment that is. */
  evidence: number
  limit: number
  /** Chance of such a split or a worse one at equal rates, for a single look; decides nothing. `null` without alerts to split. */
  chance: number | null
  /** Chance that two alerts would have come, and so have ended the canary, had the rate been doubled. */
  power: number
  /** Whether a doubled rate is excluded with an error of 10 %. */
  isDoublingExcluded: boolean
  /** Why the numbers are not to be trusted, if they are not. */
  lacks: CanaryLack[]
  /** How many alerts there were, explained ones too, where the replay predicts how many to expect. Decides nothing. */
  load?: CanaryLoad
  /** How the metrics of the plan fared, where it has some. */
  metrics?: MetricFigures[]
}

/**
 * `alerts`: of the cohort, one per bot and reading. `predicted`: those of as many right bots in the same time, had each read all that was
 * recorded in its region; bots that share the readings among them raise fewer.
 */
export interface CanaryLoad {
  alerts: number
  predicted: number
}

/** A step of a ramp that was passed: what was asked for, what there was, and by what it was judged. */
export interface PassedStep {
  /** From 1. */
  step: number
  scope: string
  scopeName: string
  /** Basis points: as asked for, and as its head says: more, where nobody fell below the share. */
  requestedShare: number
  realisedShare: number
  /** Bots of its scope that had the release then, by an earlier step too, of those connected there. */
  cohort: number
  connected: number
  /** What it rests on: bots that were observed, a person's decision, or the time that went by. */
  basis: 'observed' | 'promoted' | 'unobserved'
  summary: string
  startedAt: string
  endedAt: string
  figures?: CanaryFigures
}

export const CANARY_LACKS = ['SKEWED_EXPOSURE', 'STALE_DATA', 'COHORT_LOST', 'CONTROL_LOST'] as const
export type CanaryLack = (typeof CANARY_LACKS)[number]
