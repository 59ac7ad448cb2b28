import { parseDuration } from '#libs/contracts'
import { parseEnvironment, type Environment } from '#libs/platform'
import { Matches } from 'class-validator'

const DURATION = /^\d+(\.\d+)?(ms|s|m|h)$/

/** `HMS_NOTIFIER_*`. */
export class NotifierConfig {
  /** How long a run waits for the first tries at its partners; what is open then goes on without it. */
  @Matches(DURATION, { message: 'deadline must be a duration such as 20s' })
  deadline = '20s'

  get deadlineMs(): number {
    return parseDuration(this.deadline)
  }
}

export function readNotifierConfig(env: Environment): NotifierConfig {
  return parseEnvironment(NotifierConfig, { deadline: 'HMS_NOTIFIER_DEADLINE' }, env)
}
