import { action, HmsError } from '#libs/contracts'
import { schemaOf } from '#libs/messaging'
import { pollUntil, systemClock } from '#libs/platform'
import { migrate, PostgresDatabase, PostgresTimerStore } from '#libs/persistence'
import type { ServiceDefinition } from '../service-definition.js'
import { connectService } from './postgres-services.js'
import { advanceCounters } from '../numbering/numbering.table.js'

const CLOSE_TIMEOUT_MS = 2_000
const POLL_MS = 100

/** Counts sessions of other clients; the server's own processes have no user. */
const OTHERS = `SELECT count(*)::int AS n FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL`

/** Advances the counters of stopped services; returns those with counters. Throws `HMS_RECOVER_RUNNING` if the database is in use. */
export async function advanceServiceCounters(
  definitions: readonly ServiceDefinition[],
  url: string,
  by: number,
): Promise<ServiceDefinition[]> {
  const advanced: ServiceDefinition[] = []
  for (const [index, definition] of definitions.entries()) {
    const source = await connectService(definition, url, 2)
    const database = new PostgresDatabase(source, schemaOf(definition.name))
    try {
      // Checked before the first service only: this process's sessions of earlier schemas may still be visible.
      if (index === 0) await requireAlone(async () => (await source.query<{ n: number }[]>(OTHERS))[0]?.n ?? 0)
      await migrate(source, schemaOf(definition.name))
      if (await database.transaction((tx) => advanceCounters(definition.advanceCounters, tx, new PostgresTimerStore(), by)))
        advanced.push(definition)
    } finally {
      await database.close()
    }
  }
  return advanced
}

/** Throws `HMS_RECOVER_RUNNING` if other sessions exist, after a moment, because a closed session may stay visible briefly. */
async function requireAlone(countOthers: () => Promise<number>): Promise<void> {
  let sessions = 0
  const isAlone = await pollUntil(systemClock, { everyMs: POLL_MS, withinMs: CLOSE_TIMEOUT_MS }, async () => {
    sessions = await countOthers()
    return sessions === 0
  })
  if (isAlone) return
  const detail =
    `${sessions} ${sessions === 1 ? 'other session uses' : 'other sessions use'} the database. ` +
    'Stop all services and close all database consoles before advancing counters.'
  throw new HmsError('HMS_RECOVER_RUNNING', detail, { status: 409, next: [action('recover')] })
}
