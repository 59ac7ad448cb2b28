import { join } from 'node:path'
import { hms } from '../../support/processes.js'

/** Returns the environment of all processes of a fleet whose data is in `folder`. */
export function fleetEnvironment(folder: string, brokers: readonly string[], databaseUrl: string): Record<string, string> {
  return {
    HMS_PROFILE: 'dev',
    // The load comes from one address.
    HMS_HTTP_WRITES_PER_SECOND: '100000',
    HMS_BUS: 'kafka',
    HMS_KAFKA_BROKERS: brokers.join(','),
    HMS_DATABASE_URL: databaseUrl,
    HMS_DATA_DIR: join(folder, 'data'),
  }
}

/** Makes the tables and topics, by the program `bin`, or this build's. */
export async function makeTablesAndTopics(env: Record<string, string>, bin?: string): Promise<void> {
  const done = await Promise.all([['migrate'], ['topics', 'apply']].map((verb) => hms(verb, env, undefined, bin)))
  const failed = done.find(({ code }) => code !== 0)
  if (failed !== undefined) throw new Error(failed.stderr)
}
