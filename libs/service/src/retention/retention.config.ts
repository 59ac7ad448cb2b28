import { parseDuration, RETENTION_MS } from '#libs/contracts'
import type { Retention } from '#libs/persistence'
import { parseEnvironment, type Environment } from '#libs/platform'
import { Matches } from 'class-validator'

const DAY_MS = 24 * 60 * 60 * 1000

/** `HMS_RETENTION`: retention of ended runs, and of all data that belong only to them, outside the audit log. */
export class RetentionConfig {
  @Matches(/^([2-9]\d|[1-9]\d{2,3})d$/, { message: 'retention must be a number of days from 20d to 9999d' })
  retention = '400d'

  /**
   * Returns the retention of a class in ms. `machinery` (message positions, responses of retried calls) is a quarter of `runs`, but at
   * least the time within which a topic can redeliver a message.
   */
  ms(kind: Retention): number {
    const runs = parseDuration(this.retention)
    const repeats = RETENTION_MS + DAY_MS
    return { runs, machinery: Math.max(runs / 4, repeats), repeats, week: 7 * DAY_MS }[kind]
  }
}

export function readRetentionConfig(env: Environment): RetentionConfig {
  return parseEnvironment(RetentionConfig, { retention: 'HMS_RETENTION' }, env)
}
