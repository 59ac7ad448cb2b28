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
import { type Clock, describeError, isCausedBy, type Logger, SharedResult, systemClock } from '#libs/platform'
import type { DataSource } from 'typeorm'
import type { ServiceDefinition } from '../service-definition.js'
import { migrationsOf } from '../shared-tables.js'
import type { OpenService } from '../create-runtime.js'
import { statfs } from 'node:fs/promises'

export function dataSourceOf(definition: ServiceDefinition, url: string, poolSize?: number): DataSource {
  return createDataSource({ url, schema: schemaOf(definition.name), migrations: migrationsOf(definition), poolSize })
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

/** Opens a service on PostgreSQL. `embedded`: it migrates its schema itself, and notifies no other instance. `folder`: data folder. */
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
  const writes = createWriteProbe(database, options.clock, options.folder)
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
      findDisconnected: (instances) => session.findDisconnected(instances),
      close: () => session.stop(),
    },
    ready: async () => {
      try {
        const fault = await writes.get()
        // Once current, a schema stays current for the life of this process.
        migrated ||= await isMigrated(source)
        // With a fault, an embedded service counts as down: it has no other instance. In distributed mode, it serves reads and reports it.
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
    // SQLSTATE 3D000: the server has no database of that name.
    const isMissing = isCausedBy(error, (fault) => (fault as { code?: unknown }).code === '3D000')
    throw new HmsError('HMS_DATABASE_UNREACHABLE', `${definition.name} cannot reach PostgreSQL: ${describeError(error)}`, {
      status: 503,
      cause: error,
      next: [isMissing ? action('migrate.create') : action('help.environment')],
    })
  }
}

const BATCH = 5_000

/** Marks outbox rows since a time as unsent, for the relays; returns how many. Duplicates are harmless; a gap raises an alarm. */
export async function republishService(definition: ServiceDefinition, url: string, since: Date): Promise<number> {
  const database = new PostgresDatabase(await connectService(definition, url, 1), schemaOf(definition.name))
  const store = new PostgresOutboxStore()
  try {
    let events = 0
    for (let after: number | null = 0; after !== null;) {
      const seq: number = after
      const part = await database.autocommit((tx) => store.unsendSince(tx, since, seq, BATCH))
      events += part.rows
      after = part.lastSeq
    }
    return events
  } finally {
    await database.close()
  }
}

/** Callers within this time share one probe, because each probe is a write that reaches the disk. */
const PROBE_SHARED_MS = 1_000
/** Minimum free space: PostgreSQL allocates WAL files of 16 MiB each; without space for two it may stop at its next write. */
const MIN_FREE_BYTES = 32 * 1024 * 1024

/** SQLSTATEs of a rejected write: disk full, I/O error, a standby. */
const REJECTED_WRITE: readonly unknown[] = ['53100', '58030', '55000']
const PROBE = `SELECT pg_logical_emit_message(true, 'hms-svc', ''), current_setting('transaction_read_only') AS "readOnly"`
const READ_ONLY = 'the database rejects writes: its transactions are read-only (next: psql -c "SHOW default_transaction_read_only")'
/** SQLSTATEs of a probe that is not possible, which is no fault: the function is missing, or this role may not call it. */
const UNAVAILABLE_PROBE: readonly unknown[] = ['42501', '42883']

/**
 * Returns a probe that reports why a responding database accepts no writes: a read-only server, a full disk. The probe returns a sentence,
 * or `undefined` if writes are accepted, and rejects if the database does not respond. `folder`: the data of an embedded server.
 */
export function createWriteProbe(
  database: Pick<PostgresDatabase, 'query'>,
  clock: Clock,
  folder?: string,
): SharedResult<string | undefined> {
  return new SharedResult(() => writeFault(database, folder), clock, PROBE_SHARED_MS)
}

async function writeFault(database: Pick<PostgresDatabase, 'query'>, folder?: string): Promise<string | undefined> {
  try {
    // Writes and commits an empty WAL record, which needs no table and leaves no data. A read-only transaction may write one.
    const [written] = await database.query<{ readOnly: string }>(PROBE)
    if (written?.readOnly === 'on') return READ_ONLY // guard: read-only-database
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (REJECTED_WRITE.includes(code)) return `the database rejects writes: ${describeError(error)}`
    if (!UNAVAILABLE_PROBE.includes(code)) throw error
  }
  const free = folder === undefined ? Infinity : await freeBytes(folder)
  return free >= MIN_FREE_BYTES ? undefined : `the disk of the data folder is full: ${Math.floor(free / 1024 / 1024)} MiB are free`
}

/** Returns the free bytes available to unprivileged users; an unreadable folder does not count as full. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return Infinity
  }
}
