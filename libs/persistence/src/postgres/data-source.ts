import { DataSource, type QueryRunner } from 'typeorm'
import { action, HmsError } from '#libs/contracts'
import { type Clock, describeError, isCausedBy, isTransient, pollUntil, pause, systemClock } from '#libs/platform'
import type { MigrationClass } from '../migrations/index.js'
import { SERVER_KEEPALIVE } from './service-session.js'

/** Maximum start-up time of an embedded server; a single attempt may take 5 s. */
const CONNECTED_WITHIN_MS = 30_000
const TRY_AGAIN_MS = 500

/**
 * Connects, and retries while the server may just be slow: a time-out on a busy machine proves nothing. Throws permanent
 * errors at once (a wrong password, a missing database, a refused connection), and the last error after the wait.
 */
export async function connectUntil<T>(clock: Clock, connect: () => Promise<T>): Promise<T> {
  const beganMs = clock.elapsedMs()
  let last: unknown
  // Timers of a clock do not keep the process alive, and before there is a connection nothing else does.
  const stay = setInterval(() => {}, CONNECTED_WITHIN_MS)
  try {
    while (clock.elapsedMs() - beganMs < CONNECTED_WITHIN_MS) {
      try {
        return await connect()
      } catch (error) {
        if (!isTransient(error) || isRefused(error)) throw error
        last = error
      }
      await pause(clock, TRY_AGAIN_MS)
    }
  } finally {
    clearInterval(stay)
  }
  const detail = `PostgreSQL did not take a connection within ${CONNECTED_WITHIN_MS / 1_000} s: ${describeError(last)}`
  throw new HmsError('HMS_DATABASE_UNREACHABLE', detail, { status: 503, cause: last, next: [action('help.environment')] })
}

function isRefused(error: unknown): boolean {
  return isCausedBy(error, (fault) => /^(ECONNREFUSED|28...|3D000)$/.test(String((fault as { code?: unknown }).code)))
}

export interface DataSourceOptions {
  url: string
  schema: string
  migrations: readonly MigrationClass[]
  poolSize?: number
  /** Client-side timeout of a statement, for a network that drops packets; default 20 s, longer than the server's own 15 s. */
  queryTimeoutMs?: number
}

/** Creates the data source. Every call to the database has a deadline: connect, lock wait, statement, idle transaction. */
export function createDataSource(options: DataSourceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url,
    schema: options.schema,
    migrations: [...options.migrations],
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    poolSize: options.poolSize ?? 8,
    connectTimeoutMS: 5_000,
    installExtensions: false,
    applicationName: `hms-svc ${options.schema}`,
    extra: {
      // A statement whose result is not needed is sent together with the next one.
      pipeline: true,
      statement_timeout: 15_000,
      // Client-side timeout, for a network that drops the server's messages.
      query_timeout: options.queryTimeoutMs ?? 20_000,
      options: SERVER_KEEPALIVE,
      lock_timeout: 10_000,
      idle_in_transaction_session_timeout: 30_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
    },
  })
}

const MIGRATION_LOCK = 7_184_001
/** Timeout of the migration lock: on a slow machine the last of eight services that start together waits for the seven others. */
const MIGRATED_WITHIN_MS = 120_000
const LOOK_AGAIN_MS = 100

/** Creates the schema and runs missing migrations; returns how many. Concurrent callers are safe: one migrates, the others wait. */
export async function migrate(source: DataSource, schema: string): Promise<number> {
  const runner = source.createQueryRunner()
  try {
    await connectUntil(systemClock, () => runner.connect())
    await takeMigrationLock(runner)
    try {
      await runner.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
      return (await source.runMigrations({ transaction: 'each' })).length
    } finally {
      await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK])
    }
  } catch (error) {
    const mayNot = isCausedBy(error, (fault) => (fault as { code?: unknown }).code === '42501')
    const remedy = mayNot ? '. Use the owner of the database and its schemas in HMS_DATABASE_URL, or grant the right to this user' : ''
    throw new HmsError('HMS_DATABASE_MIGRATION_FAILED', `Schema ${schema}: ${describeError(error)}${remedy}`, {
      cause: error,
      next: [mayNot ? action('help.environment') : action('migrate')],
    })
  } finally {
    await runner.release()
  }
}

async function takeMigrationLock(runner: QueryRunner): Promise<void> {
  const isTaken = await pollUntil(systemClock, { everyMs: LOOK_AGAIN_MS, withinMs: MIGRATED_WITHIN_MS }, async () => {
    const [lock] = (await runner.query('SELECT pg_try_advisory_lock($1) AS ok', [MIGRATION_LOCK])) as { ok: boolean }[]
    return lock?.ok === true
  })
  if (!isTaken) throw new Error('another process has been migrating this database for two minutes')
}

/** Whether the schema is at the code's last migration. */
export async function isMigrated(source: DataSource): Promise<boolean> {
  return !(await source.showMigrations())
}
