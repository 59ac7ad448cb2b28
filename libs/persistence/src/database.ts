/**
 * Port through which every service writes: one transaction per handled event, request or due timer. Adapters: `PostgresDatabase`
 * (production) and `MemoryDatabase` (tests and simulation); both pass `test/contracts/database.suite.ts`.
 */
export abstract class Database {
  /** Selects the store adapters that work on it. */
  abstract readonly kind: 'postgres' | 'memory'
  /** Runs `work` in one transaction. An error rolls everything back and reaches the caller unchanged. */
  abstract transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /**
   * As `transaction`, with these aggregates locked from the start, which saves round trips; `now` is then the time after the locks were
   * acquired.
   */
  abstract locked<T>(keys: readonly string[], work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Runs statements that are each atomic: reads, and writes of one statement. `now` is this process's clock and must not be stored. */
  abstract autocommit<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /**
   * Deletes up to `limit` unheld lock rows if there are more than `above`; returns how many. A row is recreated when its key is locked
   * next.
   */
  abstract pruneLocks(above: number, limit: number): Promise<number>
  abstract close(): Promise<void>
}

export interface Transaction {
  /** Database time at the start of the transaction: due times never come from a process clock. */
  readonly now: Date
  /**
   * Locks aggregates until the end of the transaction, in sorted order, so that two transactions over overlapping bundles cannot deadlock.
   * Call it before any read: outbox order then equals commit order per key. Locking a key that sorts before a held one rolls back and
   * re-runs the work with all its keys locked first: work may run more than once, and must only act on `tx`.
   */
  lock(keys: readonly string[]): Promise<void>
  /** Whether the transaction has locked all of these keys: data read since then are still current. */
  holds(keys: readonly string[]): boolean
  documents<T extends object>(table: DocumentTable<T>): Documents<T>
  /** Runs `effect` after a successful commit, never after a rollback. It must not throw. */
  afterCommit(effect: () => void): void
}

export type KeyValue = string | number | null
export type KeyType = 'text' | 'bigint' | 'timestamptz'

/** A table of JSON documents with key columns for queries. One per aggregate or read model. */
export interface DocumentTable<T extends object> {
  name: string
  id: (document: T) => string
  /** Columns written from the document; the only fields that `find` can filter and order by. */
  keys: Record<string, { type: KeyType; of: (document: T) => KeyValue }>
  /** Lists of key columns, or `put_at`, to be indexed. */
  indexes?: string[][]
  /** Retention of its rows. A table without it is bounded otherwise. */
  keep?: Keep
}

/**
 * Retention class of a row, from its last write. `runs`: as long as its run. `machinery`: a fraction of that. `repeats`: as long as a
 * message can be redelivered. `week`: seven days.
 */
export type Retention = 'runs' | 'machinery' | 'repeats' | 'week'

export interface Keep {
  for: Retention
  /** Only rows with these key columns are deleted; open rows stay, whatever their age. */
  ended?: Record<string, readonly KeyValue[]>
}

export interface Query {
  /** Equality per key column; an array matches any of its values. */
  where?: Record<string, KeyValue | readonly KeyValue[]>
  /** Key column or `id`; default `id`. */
  orderBy?: string
  descending?: boolean
  /** Only rows whose `orderBy` column is beyond this value. */
  after?: KeyValue
  /** Maximum rows; default 1,000. */
  limit?: number
}

export interface Documents<T extends object> {
  get(id: string): Promise<T | undefined>
  /** Inserts or replaces. */
  put(document: T): Promise<void>
  /** Inserts; returns `false`, without a change, if the id exists. */
  insert(document: T): Promise<boolean>
  delete(id: string): Promise<boolean>
  find(query?: Query): Promise<T[]>
  count(where?: Query['where']): Promise<number>
  /**
   * Returns up to `limit` ended rows (`keep.ended`) last written before a time, oldest first, and locks them; rows locked by others are
   * skipped.
   */
  stale(before: Date, limit: number): Promise<T[]>
}

/** Declares a document table; an identity function that infers the type. */
export function documentTable<T extends object>(table: DocumentTable<T>): DocumentTable<T> {
  return table
}

export const DEFAULT_FIND_LIMIT = 1_000

/**
 * Locks and returns a document whose own content defines the keys to lock: a run over a bundle. It is read for its keys, locked, and read
 * again, because it may change before the lock is acquired. `undefined` if it does not exist.
 */
export async function lockedDocument<T extends object>(
  tx: Transaction,
  table: DocumentTable<T>,
  id: string,
  keysOf: (document: T) => readonly string[],
): Promise<T | undefined> {
  const found = await tx.documents(table).get(id)
  if (found === undefined || tx.holds(keysOf(found))) return found
  await tx.lock(keysOf(found))
  return tx.documents(table).get(id)
}

/** Returns every matching document, without a limit, in order of id: for decisions that need all of them. */
export async function findAll<T extends object>(tx: Transaction, table: DocumentTable<T>, where?: Query['where']): Promise<T[]> {
  const found: T[] = []
  for (;;) {
    const last = found.at(-1)
    const page = await tx.documents(table).find({ ...(where && { where }), ...(last && { after: table.id(last) }) })
    found.push(...page)
    if (page.length < DEFAULT_FIND_LIMIT) return found
  }
}

/** Deletes up to `atOnce` documents that expired before `before`, oldest first. The table needs a column `expires_at`. */
export async function forgetExpired(documents: Documents<{ id: string; expiresAt: string }>, before: Date, atOnce: number): Promise<void> {
  for (const { id, expiresAt } of await documents.find({ orderBy: 'expires_at', limit: atOnce })) {
    if (Date.parse(expiresAt) >= before.getTime()) return
    await documents.delete(id)
  }
}

/** PostgreSQL's limit of an index row is 2,704 bytes for all its columns together. */
const MAX_KEY_BYTES = 2_000

/**
 * Returns id and key columns of a document, in the order of the table. A text that exceeds the index limit is a bug of its producer, on
 * every adapter.
 */
export function rowKeysOf<T extends object>({ name, id, keys }: DocumentTable<T>, document: T): [string, ...KeyValue[]] {
  const values = Object.entries(keys).map(([column, { of }]) => bounded(`${name}.${column}`, of(document)))
  return [bounded(`${name}.id`, id(document)), ...values]
}

function bounded<V extends KeyValue>(column: string, value: V): V {
  const bytes = typeof value === 'string' && value.length * 3 > MAX_KEY_BYTES ? Buffer.byteLength(value) : 0
  if (bytes > MAX_KEY_BYTES) throw new TypeError(`${column} has ${bytes} bytes; a key has at most ${MAX_KEY_BYTES}`)
  return value
}
