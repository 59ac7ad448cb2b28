import { parseDuration } from '#libs/contracts'
import { isDuration, isInteger, parseEnvironment, type Environment } from '#libs/platform'
import { IsIn } from 'class-validator'

/** `HMS_SIMULATOR_*`. */
export class SimulatorConfig {
  /** A replay that has not ended after this time, waiting included, fails its run. */
  @isDuration('10m')
  deadline = '10m'

  /** `inline` blocks the caller's thread: for tests, which have no compiled worker. */
  @IsIn(['worker', 'inline'])
  runner: 'worker' | 'inline' = 'worker'

  /** Threads that share the programs of a replay; each takes a processor while one is under way. */
  @isInteger(1, 64)
  workers = 2

  get deadlineMs(): number {
    return parseDuration(this.deadline)
  }

  /** Shorter than the row's deadline: the runner knows which bot was running, the row does not. */
  get replayMs(): number {
    return Math.ceil(this.deadlineMs * 0.8)
  }
}

export function readSimulatorConfig(env: Environment): SimulatorConfig {
  return parseEnvironment(
    SimulatorConfig,
    { deadline: 'HMS_SIMULATOR_DEADLINE', runner: 'HMS_SIMULATOR_RUNNER', workers: 'HMS_SIMULATOR_WORKERS' },
    env,
  )
}
