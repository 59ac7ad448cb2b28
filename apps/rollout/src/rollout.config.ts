import { parseDuration } from '#libs/contracts'
import { isDuration, parseEnvironment, type Environment } from '#libs/platform'
import { Matches } from 'class-validator'

/** A percentage of at most 100, or a fraction of at most 1; above zero. */
const QUORUM = /^(?!0+(\.0*)?%?$)((100|\d{1,2}(\.\d{1,2})?)%|1(\.0+)?|0\.\d{1,4})$/

/** `HMS_ROLLOUT_*`. */
export class RolloutConfig {
  /** Time for connected bots to acknowledge the new version. */
  @isDuration('30s') acknowledgeMs = parseDuration('30s')

  /** Time for config-store to store the heads, after which the rollout fails. */
  @isDuration('10m') publishMs = parseDuration('10m')

  /** Share of the connected bots that must have acknowledged before a rollout continues automatically. */
  @Matches(QUORUM, { message: 'quorum must be a share such as 99% or 0.99' }) quorum = '99%'

  /** Quorum in basis points. */
  get quorumShare(): number {
    return Math.round(this.quorum.endsWith('%') ? Number(this.quorum.slice(0, -1)) * 100 : Number(this.quorum) * 10_000)
  }
}

export function readRolloutConfig(env: Environment): RolloutConfig {
  return parseEnvironment(
    RolloutConfig,
    { acknowledgeMs: 'HMS_ROLLOUT_ACKNOWLEDGE_TIMEOUT', publishMs: 'HMS_ROLLOUT_PUBLISH_TIMEOUT', quorum: 'HMS_ROLLOUT_QUORUM' },
    env,
  )
}
