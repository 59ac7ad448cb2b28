import { parseDuration } from '#libs/contracts'
import { parseEnvironment, type Environment } from '#libs/platform'
import { IsIn, Matches } from 'class-validator'

/** `HMS_SIMULATOR_*`. */
export class SimulatorConfig {
  /** A replay that has not ended by then fails its run. */
  @Matches(/^\d+(\.\d+)?(ms|s|m|h)$/, { message: 'deadline must be a duration such as 10m' })
  deadline = '10m'

  /** `inline` blocks the caller's thread: for tests, where no compiled worker is at hand. */
  @IsIn(['worker', 'inline'])
  runner: 'worker' | 'inline' = 'worker'

  get deadlineMs(): number {
    return parseDuration(this.deadline)
  }
}

export function readSimulatorConfig(env: Environment): SimulatorConfig {
  return parseEnvironment(SimulatorConfig, { deadline: 'HMS_SIMULATOR_DEADLINE', runner: 'HMS_SIMULATOR_RUNNER' }, env)
}
