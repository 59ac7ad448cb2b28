import { parseDuration } from '#libs/contracts'
import { isDuration, isInteger, parseEnvironment, type Environment } from '#libs/platform'
import { IsIn } from 'class-validator'

/** `HMS_SIMULATOR_*`. */
export class SimulatorConfig {
  /** Time after which an unfinished replay, waiting included, fails its run. */
  @isDuration('10m') deadlineMs = parseDuration('10m')

  /** `inline` blocks the caller's thread: for tests, which have no compiled worker. */
  @IsIn(['worker', 'inline']) runner: 'worker' | 'inline' = 'worker'

  /** Number of threads among which the bots of a replay are split; each uses a processor during a replay. */
  @isInteger(1, 64) workers = 2

  /** Timeout of the runner in ms. It is shorter than the deadline of the stage, because only the runner knows which bot was running. */
  get replayMs(): number {
    return Math.ceil(this.deadlineMs * 0.8)
  }
}

export function readSimulatorConfig(env: Environment): SimulatorConfig {
  return parseEnvironment(
    SimulatorConfig,
    { deadlineMs: 'HMS_SIMULATOR_DEADLINE', runner: 'HMS_SIMULATOR_RUNNER', workers: 'HMS_SIMULATOR_WORKERS' },
    env,
  )
}
