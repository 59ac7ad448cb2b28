import { statfs } from 'node:fs/promises'
import type { PostgresDatabase } from '#libs/persistence'
import { describeError, SharedAnswer, type Clock } from '#libs/platform'

/** Callers within this time share one probe: each is a write that reaches the disk. */
const SHARED_MS = 1_000
/** PostgreSQL allocates log files of 16 MiB each; with less than two it may stop at its next write. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024

/** SQLSTATEs of PostgreSQL: disk full, I/O error, read-only transaction, a standby. */
const TAKES_NO_WRITES = ['53100', '58030', '25006', '55000']
/** The function is missing, or revoked from this role: the server responded nevertheless. */
const MAY_NOT_WRITE_LOG = ['42501', '42883']

/** Determines why a responding database accepts no writes: a read-only server, a full disk. */
export class WriteProbe {
  private readonly shared: SharedAnswer<string | undefined>

  /** `folder`: the data of an embedded server. */
  constructor(
    private readonly database: Pick<PostgresDatabase, 'query'>,
    clock: Clock,
    private readonly folder?: string,
  ) {
    this.shared = new SharedAnswer(() => this.look(), clock, SHARED_MS)
  }

  /** Returns a sentence, or undefined if writes are accepted. Rejects if the database does not respond. */
  fault(): Promise<string | undefined> {
    return this.shared.get()
  }

  private async look(): Promise<string | undefined> {
    try {
      // Writes an empty log record, committed: it needs no table, and leaves no trace.
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

/** Returns the free bytes available to unprivileged users; an unreadable folder does not count as full. */
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
