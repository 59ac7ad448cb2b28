import { parseDuration } from '#libs/contracts'
import { isDuration, parseEnvironment, type Environment } from '#libs/platform'

/** `HMS_CANARY_CONTROLLER_*`. */
export class CanaryControllerConfig {
  /** Life of a canary head; renewed at a third of it. A dead controller's cohort falls back after this. */
  @isDuration('2m')
  lease = '2m'

  /** How long the cohort may take to say that it runs the canary. */
  @isDuration('30s')
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
