/** Port of every write: one transaction per event, request or timer. Adapters: PostgreSQL, and memory for tests and simulation. */
export abstract class Database {
  /** Runs `work` in one transaction. An error rolls everything back and reaches the caller unchanged. */
  abstract transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /**
   * Runs `work` as `transaction` does, with these aggregates locked from the start, which saves round trips. `now` is then the time after
   * the locks were acquired. `first` runs behind the locks and is sent with them; it must not read `now`. `work` gets its result.
   */
  abstract locked<T, F = undefined>(keys: readonly string[], work: LockedWork<T, F>, first?: FirstStatement<F>): Promise<T>
  /** Runs `work` as `transaction` does, in one packet if it only writes. `now` is this process's clock and must not be stored. */
  abstract writes<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Runs statements that are each atomic: reads, and writes of one statement. `now` is this process's clock and must not be stored. */
  abstract autocommit<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Deletes up to `limit` unheld lock rows if there are more than `above`; returns how many. Locking a key recreates its row. */
  abstract pruneLocks(above: number, limit: number): Promise<number>
  abstract close(): Promise<void>
}

export type LockedWork<T, F> = (tx: Transaction, first: F) => Promise<T>
export type FirstStatement<F> = (tx: Transaction) => Promise<F>

export interface Transaction {
  /** Database time at the start of the transaction. Due times are based on it, never on a process clock. */
  readonly now: Date
  /**
   * Locks aggregates until the transaction ends, sorted, so that overlapping bundles cannot deadlock. Call it before any read: outbox order
   * then equals commit order per key. If a key sorts before a held key, the work runs again with all keys locked; it must act only on `tx`.
   */
  lock(keys: readonly string[]): Promise<void>
  /** Whether the transaction has locked all of these keys: data read since then are still current. */
  holds(keys: readonly string[]): boolean
  documents<T extends object>(table: DocumentTable<T>): Documents<T>
  /** Sends the read of a document with the next packet: its next `get` returns the result, unless a lock or a write came in between. */
  readAhead<T extends object>(table: DocumentTable<T>, id: string): void
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
  /** Retention of the table's rows. A table without a retention is bounded in another way. */
  keep?: Keep
}

/**
 * Retention class of a row; its age counts from its last write. `runs`: the retention of ended runs, `HMS_RETENTION`. `machinery`: a
 * quarter of `runs`, but at least `repeats`. `repeats`: the time within which a message can be redelivered, plus a day. `week`: seven days.
 */
export type Retention = 'runs' | 'machinery' | 'repeats' | 'week'

export interface Keep {
  for: Retention
  /** Only rows with these values in their key columns are deleted; other rows stay, whatever their age. */
  ended?: Record<string, readonly KeyValue[]>
}

export interface Query {
  /** Equality per key column; an array matches any of its values. */
  where?: Record<string, KeyValue | readonly KeyValue[]>
  /** Key column or `id`; default `id`. */
  orderBy?: string
  descending?: boolean
  /** Only rows whose `orderBy` column is above this value, or below it if `descending`. */
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
  /** Returns and locks up to `limit` ended rows (`keep.ended`) last written before a time, oldest first. Skips rows that are locked. */
  stale(before: Date, limit: number): Promise<T[]>
}

/** Declares a document table; an identity function that infers the type. */
export function documentTable<T extends object>(table: DocumentTable<T>): DocumentTable<T> {
  return table
}

/** Declares key columns that equal a member of the document; the column of `storedAt` is `stored_at`. */
export function columns<T extends object>(types: { [Member in KeyMember<T>]?: KeyType }): DocumentTable<T>['keys'] {
  const members = Object.entries(types) as [KeyMember<T>, KeyType][]
  const nameOf = (member: string): string => member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return Object.fromEntries(members.map(([member, type]) => [nameOf(member), { type, of: (document: T) => document[member] as KeyValue }]))
}

type KeyMember<T> = { [Member in keyof T & string]: T[Member] extends KeyValue ? Member : never }[keyof T & string]

export const DEFAULT_FIND_LIMIT = 1_000

/** Locks and returns a document whose content defines the lock keys; `undefined` if missing. It is read again under the lock. */
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

/** Deletes up to `limit` documents that expired before `before`, oldest first. The table needs a column `expires_at`. */
export async function deleteExpired(documents: Documents<{ id: string; expiresAt: string }>, before: Date, limit: number): Promise<void> {
  for (const { id, expiresAt } of await documents.find({ orderBy: 'expires_at', limit })) {
    if (Date.parse(expiresAt) >= before.getTime()) return
    await documents.delete(id)
  }
}

/** Maximum size of a key column; PostgreSQL limits an index row to 2,704 bytes for all its columns together. */
const MAX_KEY_BYTES = 2_000

/** Returns id and keys in the table's order. Throws `TypeError`, on every adapter, for text above the index limit (a producer's bug). */
export function rowKeysOf<T extends object>({ name, id, keys }: DocumentTable<T>, document: T): [string, ...KeyValue[]] {
  const values = Object.entries(keys).map(([column, { of }]) => bounded(`${name}.${column}`, of(document)))
  return [bounded(`${name}.id`, id(document)), ...values]
}

function bounded<V extends KeyValue>(column: string, value: V): V {
  const bytes = typeof value === 'string' && value.length * 3 > MAX_KEY_BYTES ? Buffer.byteLength(value) : 0
  if (bytes > MAX_KEY_BYTES) throw new TypeError(`${column} has ${bytes} bytes; a key has at most ${MAX_KEY_BYTES}`)
  return value
}
