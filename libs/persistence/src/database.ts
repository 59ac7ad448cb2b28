/**
 * The port every service writes through: one transaction per handled event, request or due timer.
 * Twins: `PostgresDatabase` (the truth) and `MemoryDatabase` (tests and simulation); both pass `test/contracts/database.suite.ts`.
 */
export interface Database {
  /** Which twins of stores work on it. */
  readonly kind: 'postgres' | 'memory'
  /** Runs `work` in one transaction. What it throws rolls everything back and reaches the caller unchanged. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** The same with these aggregates locked from the start, which saves round trips; `now` is then the time after the lock was had. */
  locked<T>(keys: readonly string[], work: (tx: Transaction) => Promise<T>): Promise<T>
  /**
   * Statements that are each whole by themselves: reads, and writes of one statement. `now` is this process's clock, good for nothing that
   * is stored.
   */
  autocommit<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /**
   * Where there are more than `above` lock rows: deletes up to `limit` that nobody holds. Each is made again when its key is locked next.
   * Answers how many went.
   */
  pruneLocks(above: number, limit: number): Promise<number>
  close(): Promise<void>
}

export interface Transaction {
  /** The database's clock at the start of the transaction: due times never come from a process clock. */
  readonly now: Date
  /**
   * Locks aggregates until the end of the transaction, in sorted order, so that two transactions over overlapping bundles cannot
   * deadlock. Taken before anything is read: outbox order then equals commit order per key. Asking for a key that sorts before one that is
   * held rolls back and runs the work again with all its keys locked first: work may run more than once, and must act on nothing but `tx`.
   */
  lock(keys: readonly string[]): Promise<void>
  /** Whether the transaction has locked all of these: what it read since then is still true. */
  holds(keys: readonly string[]): boolean
  documents<T extends object>(table: DocumentTable<T>): Documents<T>
  /** Runs after a successful commit, never after a rollback. Must not throw. */
  afterCommit(effect: () => void): void
}

export type KeyValue = string | number | null
export type KeyType = 'text' | 'bigint' | 'timestamptz'

/** A table of JSON documents with the columns that queries need beside them. One per aggregate or read model. */
export interface DocumentTable<T extends object> {
  name: string
  id: (document: T) => string
  /** Columns written from the document; the only fields that `find` can filter and order by. */
  keys: Record<string, { type: KeyType; of: (document: T) => KeyValue }>
  /** Lists of key columns, or `put_at`, that get an index. */
  indexes?: string[][]
  /** When rows go. A table without it has another bound. */
  keep?: Keep
}

/**
 * How long after its last write a row stays. `runs`: as long as its run is remembered. `machinery`: a part of that. `repeats`: as long as a
 * message can come again. `week`: seven days.
 */
export type Retention = 'runs' | 'machinery' | 'repeats' | 'week'

export interface Keep {
  for: Retention
  /** Only rows with these key columns ever go; what is still open stays, however old it is. */
  ended?: Record<string, readonly KeyValue[]>
}

export interface Query {
  /** Equality per key column; an array means any of. */
  where?: Record<string, KeyValue | readonly KeyValue[]>
  /** Key column or `id`; `id` unless given. */
  orderBy?: string
  descending?: boolean
  /** Only rows whose `orderBy` column lies beyond this value. */
  after?: KeyValue
  /** At most this many, 1,000 unless given. */
  limit?: number
}

export interface Documents<T extends object> {
  get(id: string): Promise<T | undefined>
  /** Inserts or replaces. */
  put(document: T): Promise<void>
  /** Inserts; `false` when the id is taken, and nothing changes. */
  insert(document: T): Promise<boolean>
  delete(id: string): Promise<boolean>
  find(query?: Query): Promise<T[]>
  count(where?: Query['where']): Promise<number>
  /**
   * Up to `limit` ended rows (`keep.ended`) that were last written before a time, the oldest first, locked; rows that others hold are left
   * out.
   */
  stale(before: Date, limit: number): Promise<T[]>
}

/** Declares a document table; the identity function that fixes the type. */
export function documentTable<T extends object>(table: DocumentTable<T>): DocumentTable<T> {
  return table
}

export const DEFAULT_FIND_LIMIT = 1_000
