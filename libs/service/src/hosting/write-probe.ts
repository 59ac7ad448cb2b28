import { statfs } from 'node:fs/promises'
import type { PostgresDatabase } from '#libs/persistence'
import { describeError, SharedAnswer, type Clock } from '#libs/platform'

/** However many ask, it is tried once in that time: each try is a write that reaches the disk. */
const SHARED_MS = 1_000
/** PostgreSQL takes new log files of 16 MiB each; with less than two it may end at its next write. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024

/** Of PostgreSQL: disk full, I/O error, read-only transaction, a standby. */
const TAKES_NO_WRITES = ['53100', '58030', '25006', '55000']
/** The function is missing, or taken from this role: the server answered all the same. */
const MAY_NOT_WRITE_LOG = ['42501', '42883']

/** Tells why a database that answers takes no writes: a read-only server, a full disk. */
export class WriteProbe {
  private readonly shared: SharedAnswer<string | undefined>

  /** `folder`: where the data of an embedded server is. */
  constructor(
    private readonly database: Pick<PostgresDatabase, 'query'>,
    clock: Clock,
    private readonly folder?: string,
  ) {
    this.shared = new SharedAnswer(() => this.look(), clock, SHARED_MS)
  }

  /** A sentence, or undefined where writes are taken. Rejects when the database does not answer. */
  fault(): Promise<string | undefined> {
    return this.shared.get()
  }

  private async look(): Promise<string | undefined> {
    try {
      // An empty record of the server's log, committed: it needs no table, and leaves nothing.
      await this.database.query(`SELECT pg_logical_emit_message(true, 'hms-svc', '')`)
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (!isOneOf(MAY_NOT_WRITE_LOG, code) && !isOneOf(TAKES_NO_WRITES, code)) throw error
      if (isOneOf(TAKES_NO_WRITES, code)) return `the database takes no writes: ${describeError(error)}`
    }
    const free = this.folder === undefined ? Infinity : await freeBytes(this.folder)
    return free >= LEAST_FREE_BYTES ? undefined : `the disk of the data folder is full: ${Math.floor(free / 1024 / 1024)} MiB are free`
  }
}

/** For those who are not the system's administrator; a folder that cannot be asked is not taken for full. */
async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return Infinity
  }
}

function isOneOf(codes: readonly string[], code: unknown): boolean {
  return typeof code === 'string' && codes.includes(code)
}
