import { parseDuration } from '#libs/contracts'
import { parseEnvironment, type Environment } from '#libs/platform'
import { Matches } from 'class-validator'

const DURATION = /^\d+(\.\d+)?(ms|s|m|h)$/

/** `HMS_ROLLOUT_*`. */
export class RolloutConfig {
  /** How long connected bots may take to say that they run the new version. */
  @Matches(DURATION, { message: 'acknowledge must be a duration such as 30s' })
  acknowledge = '30s'

  /** How long config-store may take to store the heads; the rollout fails after that. */
  @Matches(DURATION, { message: 'publish must be a duration such as 10m' })
  publish = '10m'

  get acknowledgeMs(): number {
    return parseDuration(this.acknowledge)
  }

  get publishMs(): number {
    return parseDuration(this.publish)
  }
}

export function readRolloutConfig(env: Environment): RolloutConfig {
  return parseEnvironment(RolloutConfig, { acknowledge: 'HMS_ROLLOUT_ACKNOWLEDGE', publish: 'HMS_ROLLOUT_PUBLISH' }, env)
}
