import { HmsError } from '#libs/contracts'
import { schemaOf } from '#libs/messaging'
import { migrate, PostgresDatabase, PostgresTimerStore } from '#libs/persistence'
import { moveAhead } from '../numbering/move-ahead.js'
import type { ServiceDefinition } from '../service-definition.js'
import { connectService } from './postgres-services.js'

/** Sessions of others; what belongs to the server itself has no user. */
const OTHERS = `SELECT count(*)::int AS n FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL`

/**
 * Moves the numbers of stopped services ahead, each in one transaction; answers which of them have some. Throws `HMS_RECOVER_RUNNING`
 * while others use the database.
 */
export async function moveServicesAhead(definitions: readonly ServiceDefinition[], url: string, by: number): Promise<ServiceDefinition[]> {
  const moved: ServiceDefinition[] = []
  for (const [index, definition] of definitions.entries()) {
    const source = await connectService(definition, url, 2)
    const database = new PostgresDatabase(source, schemaOf(definition.name))
    try {
      // Before the first alone: a session of ours that was closed may show for a moment longer.
      if (index === 0) requireAlone(await source.query<{ n: number }[]>(OTHERS))
      await migrate(source, schemaOf(definition.name))
      if (await database.transaction((tx) => moveAhead(definition.moveAhead, tx, new PostgresTimerStore(), by))) moved.push(definition)
    } finally {
      await database.close()
    }
  }
  return moved
}

function requireAlone([found]: readonly { n: number }[]): void {
  const sessions = found?.n ?? 0
  if (sessions === 0) return
  const detail =
    `${sessions} ${sessions === 1 ? 'session of another uses' : 'sessions of others use'} the database. ` +
    'Stop all services, and close consoles, before numbers are moved.'
  throw new HmsError('HMS_RECOVER_RUNNING', detail, { status: 409, next: ['hms-svc recover'] })
}
