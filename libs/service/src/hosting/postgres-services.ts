import { action, HmsError } from '#libs/contracts'
import { PostgresOutboxStore, PostgresPositionStore, schemaOf } from '#libs/messaging'
import {
  connectUntil,
  createDataSource,
  isMigrated,
  migrate,
  PostgresDatabase,
  PostgresTimerStore,
  ServiceSession,
} from '#libs/persistence'
import { describeError, systemClock, type Clock, type Logger } from '#libs/platform'
import type { DataSource } from 'typeorm'
import type { ServiceDefinition } from '../service-definition.js'
import { migrationsOf } from '../shared-tables.js'
import type { OpenService } from './host-adapters.js'
import { WriteProbe } from './write-probe.js'

/** Creates the data source for migrations and statements of a service. */
export function dataSourceOf(definition: ServiceDefinition, url: string, poolSize?: number): DataSource {
  return createDataSource({
    url,
    schema: schemaOf(definition.name),
    migrations: migrationsOf(definition),
    poolSize,
  })
}

/** Migrates one service's schema; returns how many migrations ran. */
export async function migrateService(definition: ServiceDefinition, url: string): Promise<number> {
  const source = await connectService(definition, url, 2)
  try {
    return await migrate(source, schemaOf(definition.name))
  } finally {
    await source.destroy()
  }
}

/**
 * Opens one service on PostgreSQL. `embedded`: it migrates by itself, because no operator does, and notifies no other instance. `folder`:
 * the data folder of an embedded server.
 */
export async function openPostgresService(
  definition: ServiceDefinition,
  options: { url: string; clock: Clock; log: Logger; embedded: boolean; folder?: string; poolSize?: number; instance?: string },
): Promise<OpenService> {
  const schema = schemaOf(definition.name)
  const source = await connectService(definition, options.url, options.poolSize, options.clock)
  if (options.embedded) await migrate(source, schema)
  const database = new PostgresDatabase(source, schema)
  const session = new ServiceSession(options.url, schema, options.clock, options.log, options.instance)
  await connectUntil(options.clock, () => session.start())
  const writes = new WriteProbe(database, options.clock, options.folder)
  let migrated = options.embedded
  return {
    database,
    stores: { outbox: new PostgresOutboxStore(), positions: new PostgresPositionStore(), timers: new PostgresTimerStore() },
    coordination: {
      leadership: session,
      notify: (topic) => {
        if (!options.embedded) session.notify(topic)
      },
      onNotification: (listener) => session.onNotification(listener),
      gone: (instances) => session.gone(instances),
      close: () => session.stop(),
    },
    ready: async () => {
      try {
        const fault = await writes.fault()
        // Once current, a schema stays current for the life of this process.
        migrated ||= await isMigrated(source)
        // An embedded service has no other instance to take over; with several, an instance keeps serving reads and reports the fault.
        return { database: fault === undefined || !options.embedded, migrations: migrated, ...(fault === undefined ? {} : { fault }) }
      } catch {
        return { database: false, migrations: migrated }
      }
    },
  }
}

export async function connectService(
  definition: ServiceDefinition,
  url: string,
  poolSize?: number,
  clock: Clock = systemClock,
): Promise<DataSource> {
  try {
    // A data source that failed to connect cannot be reused.
    return await connectUntil(clock, () => dataSourceOf(definition, url, poolSize).initialize())
  } catch (error) {
    throw new HmsError('HMS_DATABASE_UNREACHABLE', `${definition.name} cannot reach PostgreSQL: ${describeError(error)}`, {
      status: 503,
      cause: error,
      next: [action('help.environment')],
    })
  }
}
