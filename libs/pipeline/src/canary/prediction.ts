import type { CanaryLoad, PredictedLoad } from '#libs/contracts'
import { ALL_REGIONS } from '#libs/policy'
import type { CanaryWatch } from './canary-watch.js'
import type { AlertingBot } from './counted-alert.js'

const DAY_MS = 86_400_000
/** Below this a prediction says no more than that nothing is to be expected. */
const WORTH_SAYING = 0.05

/** Alerts a day of a bot that reads all readings of this scope's region, had they come as the replay had them. */
export interface Prediction {
  scope: string
  alertsPerBotDay: number
}

/** The fields of a canary that say which of its alerts a prediction is about. */
interface Predicted {
  scope: string
  predictions?: readonly Prediction[]
  earlier?: readonly unknown[]
  alerting: readonly AlertingBot[]
  alertsBefore?: number
}

/** For the scopes of single regions. A bot of all regions is in one of them, and which is not known before it connects. */
export function predictionsOf(load: PredictedLoad | undefined, scopes: readonly string[]): Prediction[] {
  return scopes.flatMap((scope) => {
    const rates = scope === ALL_REGIONS ? [] : ratesIn(load?.scenarios ?? [], scope.replace(/^region:/, ''))
    return rates.length === 0 ? [] : [{ scope, alertsPerBotDay: rates.reduce((sum, rate) => sum + rate, 0) }]
  })
}

function ratesIn(scenarios: PredictedLoad['scenarios'], region: string): number[] {
  return scenarios.flatMap(({ days, regions }) => {
    // Readings that name no region are read everywhere.
    const read = regions.filter((group) => group.region === region || group.region === '')
    return days === 0 || read.length === 0 ? [] : [read.reduce((sum, { after }) => sum + after, 0) / days]
  })
}

/** All alerts of the cohort beside what was predicted for its time; nothing where bots of other scopes belong to it. */
export function loadOf({ predictions, scope, earlier, alerting, alertsBefore = 0 }: Predicted, watch: CanaryWatch): CanaryLoad | undefined {
  const prediction = predictions?.find((each) => each.scope === scope)
  if (prediction === undefined || earlier !== undefined) return undefined
  const cohortMs = watch.paired.cohortMs + watch.alone.cohortMs
  return { alerts: alertsOf(alerting) - alertsBefore, predicted: (cohortMs / DAY_MS) * prediction.alertsPerBotDay }
}

export function alertsOf(alerting: readonly AlertingBot[]): number {
  return alerting.reduce((sum, { alerts }) => sum + alerts, 0)
}

/** `41 alerts, at most 38.5 predicted`; nothing where nothing was predicted, and nothing came. */
export function describeLoad(load: CanaryLoad | undefined): string[] {
  if (load === undefined || (load.alerts === 0 && load.predicted < WORTH_SAYING)) return []
  const { alerts, predicted } = load
  const most = predicted < WORTH_SAYING ? 'fewer than 0.1' : `at most ${predicted.toFixed(predicted < 10 ? 1 : 0)}`
  return [`${alerts} ${alerts === 1 ? 'alert' : 'alerts'}, ${most} predicted`]
}
