import type { CanaryLoad, PredictedLoad } from '#libs/contracts'
import { ALL_REGIONS } from '#libs/policy'
import type { CanaryWatch } from './canary-watch.js'
import type { AlertingBot } from './counted-alert.js'

const DAY_MS = 86_400_000
/** Predictions below this are described as 'fewer than 0.1', and omitted if there are no alerts. */
const NEGLIGIBLE = 0.05

/** Predicted alerts per day of a bot that reads all readings of the scope's region, at the rate of the replayed recordings. */
export interface Prediction {
  scope: string
  alertsPerBotDay: number
}

/** Fields of a canary that determine the alerts compared with a prediction. */
interface Predicted {
  scope: string
  predictions?: readonly Prediction[]
  earlier?: readonly unknown[]
  alerting: readonly AlertingBot[]
  alertsBefore?: number
}

/** Returns predictions for scopes of single regions; none for all regions, because the regions of the cohort's bots are unknown. */
export function predictionsOf(load: PredictedLoad | undefined, scopes: readonly string[]): Prediction[] {
  return scopes.flatMap((scope) => {
    const rates = scope === ALL_REGIONS ? [] : ratesIn(load?.scenarios ?? [], scope.replace(/^region:/, ''))
    return rates.length === 0 ? [] : [{ scope, alertsPerBotDay: rates.reduce((sum, rate) => sum + rate, 0) }]
  })
}

function ratesIn(scenarios: PredictedLoad['scenarios'], region: string): number[] {
  return scenarios.flatMap(({ days, regions }) => {
    // Bots of every region read the readings without a region.
    const read = regions.filter((group) => group.region === region || group.region === '')
    return days === 0 || read.length === 0 ? [] : [read.reduce((sum, { after }) => sum + after, 0) / days]
  })
}

/** Returns the alerts of the cohort and the prediction for its exposure; `undefined` if bots of earlier steps' scopes are in the cohort. */
export function loadOf({ predictions, scope, earlier, alerting, alertsBefore = 0 }: Predicted, watch: CanaryWatch): CanaryLoad | undefined {
  const prediction = predictions?.find((each) => each.scope === scope)
  if (prediction === undefined || earlier !== undefined) return undefined
  const cohortMs = watch.paired.cohortMs + watch.alone.cohortMs
  return { alerts: alertsOf(alerting) - alertsBefore, predicted: (cohortMs / DAY_MS) * prediction.alertsPerBotDay }
}

export function alertsOf(alerting: readonly AlertingBot[]): number {
  return alerting.reduce((sum, { alerts }) => sum + alerts, 0)
}

/** Returns `41 alerts, at most 39 predicted`; empty without a prediction, or if both numbers are negligible. */
export function describeLoad(load: CanaryLoad | undefined): string[] {
  if (load === undefined || (load.alerts === 0 && load.predicted < NEGLIGIBLE)) return []
  const { alerts, predicted } = load
  const most = predicted < NEGLIGIBLE ? 'fewer than 0.1' : `at most ${predicted.toFixed(predicted < 10 ? 1 : 0)}`
  return [`${alerts} ${alerts === 1 ? 'alert' : 'alerts'}, ${most} predicted`]
}
