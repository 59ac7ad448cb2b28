import { parseDuration } from '#libs/contracts'
import type { WatchRules } from '#libs/pipeline'
import { isDuration, parseEnvironment, type Environment } from '#libs/platform'
import { IsOptional, Matches } from 'class-validator'

const BUDGET = /^\d{1,4}(\.\d{1,6})?$/

/** `HMS_CANARY_CONTROLLER_*`. */
export class CanaryControllerConfig {
  /** Lease of a canary head, renewed after a third of it. Without renewal, the cohort returns to the base when it expires. */
  @isDuration('2m') leaseMs = parseDuration('2m')

  /** Time for the cohort to acknowledge the canary. */
  @isDuration('30s') acknowledgeMs = parseDuration('30s')

  /** Time within which several unexplained alerts of one bot count as one event in the statistics. */
  @isDuration('1m') windowMs = parseDuration('1m')

  /** Unexplained alerts allowed per bot and day if there is no control group for comparison. */
  @Matches(BUDGET, { message: 'alert budget must be alerts per bot and day, such as 0.5' }) budget = '0'

  /** Base URL of the Prometheus that plan metrics are queried from. */
  @IsOptional()
  @Matches(/^https?:\/\/[^@\s]+$/, { message: 'prometheus must be an http URL without user and password' })
  prometheus?: string

  /** Interval between two queries of the metrics. */
  @isDuration('10s') measureMs = parseDuration('10s')

  get rules(): WatchRules {
    return { windowMs: this.windowMs, alertsPerBotDay: Number(this.budget) }
  }
}

export function readCanaryControllerConfig(env: Environment): CanaryControllerConfig {
  return parseEnvironment(
    CanaryControllerConfig,
    {
      leaseMs: 'HMS_CANARY_CONTROLLER_LEASE',
      acknowledgeMs: 'HMS_CANARY_CONTROLLER_ACKNOWLEDGE_TIMEOUT',
      windowMs: 'HMS_CANARY_CONTROLLER_ALERT_WINDOW',
      budget: 'HMS_CANARY_CONTROLLER_ALERT_BUDGET',
      prometheus: 'HMS_CANARY_PROMETHEUS',
      measureMs: 'HMS_CANARY_CONTROLLER_METRIC_INTERVAL',
    },
    env,
  )
}
