import { parseDuration } from '#libs/contracts'
import { parseEnvironment, type Environment } from '#libs/platform'
import { Matches } from 'class-validator'

const DURATION = /^\d+(\.\d+)?(ms|s|m|h)$/

/** `HMS_CANARY_CONTROLLER_*`. */
export class CanaryControllerConfig {
  /** Life of a canary head; renewed at a third of it. A dead controller's cohort falls back after this. */
  @Matches(DURATION, { message: 'lease must be a duration such as 2m' })
  lease = '2m'

  /** How long the cohort may take to say that it runs the canary. */
  @Matches(DURATION, { message: 'acknowledge must be a duration such as 30s' })
  acknowledge = '30s'

  get leaseMs(): number {
    return parseDuration(this.lease)
  }

  get acknowledgeMs(): number {
    return parseDuration(this.acknowledge)
  }
}

export function readCanaryControllerConfig(env: Environment): CanaryControllerConfig {
  return parseEnvironment(
    CanaryControllerConfig,
    { lease: 'HMS_CANARY_CONTROLLER_LEASE', acknowledge: 'HMS_CANARY_CONTROLLER_ACKNOWLEDGE_TIMEOUT' },
    env,
  )
}
