import type { DataSource } from 'typeorm'
import { escapeLiteral, type Pool, type PoolClient, type QueryResult } from 'pg'
import type { Database, DocumentTable, Documents, Transaction } from '../database.js'
import { PostgresDocuments } from './postgres-documents.js'

/** PostgreSQL adapter of the database. Hot statements are plain SQL on the pool of TypeORM's DataSource. */
export class PostgresDatabase implements Database {
  readonly kind = 'postgres'
  private readonly pool: Pool

  constructor(
    private readonly source: DataSource,
    readonly schema: string,
  ) {
    this.pool = (source.driver as unknown as { master: Pool }).master
  }

  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.locked([], work)
  }

  async locked<T>(keys: readonly string[], work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let wanted = keys; ;) {
      const outcome = await this.attempt(wanted, work)
      if (!(outcome instanceof LocksOutOfOrder)) return outcome
      wanted = outcome.keys
    }
  }

  /** Runs one transaction; returns `LocksOutOfOrder` after a rollback if `work` requested a lock out of order. */
  private attempt<T>(keys: readonly string[], work: (tx: Transaction) => Promise<T>): Promise<T | LocksOutOfOrder> {
    return this.withClient(async (client, markBroken) => {
      let tx: PostgresTransaction | undefined
      try {
        tx = await PostgresTransaction.begin(client, this.schema, keys)
        const result = await work(tx)
        if (tx.outOfOrder !== undefined) throw tx.outOfOrder
        await tx.commit()
        return result
      } catch (error) {
        // A server that did not respond would not respond to a ROLLBACK either; closing the connection ends the transaction.
        if (!isReadTimeout(error)) await client.query('ROLLBACK').catch(markBroken)
        if (tx?.outOfOrder !== undefined) return tx.outOfOrder
        throw error
      }
    })
  }

  async autocommit<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.withClient(async (client) => {
      const tx = PostgresTransaction.around(client, this.schema)
      const result = await work(tx)
      tx.committed()
      return result
    })
  }

  /**
   * Lends a connection to `work`. A broken connection, or one that could not roll back, is not returned to the pool. The listener prevents
   * a connection that breaks between two statements from ending the process: the pool itself listens only to idle connections.
   */
  private async withClient<T>(work: (client: PoolClient, markBroken: (error: Error) => void) => Promise<T>): Promise<T> {
    const client = await this.pool.connect()
    let broken: Error | undefined
    const markBroken = (error: Error): void => {
      broken = error
    }
    client.on('error', markBroken)
    try {
      return await work(client, markBroken)
    } catch (error) {
      if (isReadTimeout(error)) broken ??= error
      throw error
    } finally {
      client.off('error', markBroken)
      client.release(broken)
    }
  }

  async pruneLocks(above: number, limit: number): Promise<number> {
    const table = `${this.schema}.aggregate_lock`
    const [rows] = await this.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`)
    if (Number(rows!.n) <= above) return 0
    const gone = await this.query(
      `DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING key`,
      [limit],
    )
    return gone.length
  }

  /** Runs one statement outside any transaction. */
  async query<R extends object>(sql: string, values: unknown[] = []): Promise<R[]> {
    return (await this.pool.query<R>(sql, values)).rows
  }

  async close(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy()
  }
}

/**
 * Whether the driver's own deadline expired: the response may still arrive, and would then be taken for the response to the next statement.
 */
function isReadTimeout(error: unknown): error is Error {
  return error instanceof Error && error.message === 'Query read timeout'
}

/**
 * Thrown when a requested lock sorts before a held one, because waiting for it could deadlock. The transaction restarts with all of `keys`.
 */
class LocksOutOfOrder extends Error {
  constructor(readonly keys: readonly string[]) {
    super('the transaction restarts with all its locks')
  }
}

/** Maximum statements queued to be sent together. */
const MAX_QUEUED = 64

/** Transaction of the PostgreSQL store adapters. */
export class PostgresTransaction implements Transaction {
  private readonly effects: (() => void)[] = []
  /** Keys locked by this transaction; locking them again is free. */
  private readonly held = new Set<string>()
  private readonly queued: { sql: string; values: unknown[] }[] = []
  /** Set once a lock was requested out of order: this transaction must not commit. */
  outOfOrder: LocksOutOfOrder | undefined

  private constructor(
    private readonly client: PoolClient,
    readonly schema: string,
    readonly now: Date,
    private readonly isOpen: boolean,
    locked: readonly string[] = [],
  ) {
    for (const key of locked) this.held.add(key)
  }

  /** Begins a transaction, locks the keys and reads the time in one round trip: the simple protocol returns one result per statement. */
  static async begin(client: PoolClient, schema: string, keys: readonly string[]): Promise<PostgresTransaction> {
    const sorted = [...new Set(keys)].sort()
    const locks = sorted.map((key) => `SELECT 1 FROM ${schema}.aggregate_lock WHERE key = ${escapeLiteral(key)} FOR UPDATE;`) // guard: row-lock
    for (;;) {
      const results = (await client.query(`BEGIN; ${locks.join(' ')} SELECT clock_timestamp() AS now`)) as unknown as {
        rows: { now: Date }[]
      }[]
      const rowless = sorted.filter((_key, index) => results[index + 1]!.rows.length === 0)
      if (rowless.length === 0) return new PostgresTransaction(client, schema, results.at(-1)!.rows[0]!.now, true, sorted)
      // A key that was never locked has no row yet. Later keys are already locked; their locks are released before the row is inserted,
      // which may wait.
      const rows = rowless.map((key) => `(${escapeLiteral(key)})`).join(', ')
      await client.query(`ROLLBACK; INSERT INTO ${schema}.aggregate_lock (key) VALUES ${rows} ON CONFLICT DO NOTHING`) // guard: lock-first-rows
    }
  }

  static around(client: PoolClient, schema: string): PostgresTransaction {
    return new PostgresTransaction(client, schema, new Date(), false)
  }

  async lock(keys: readonly string[]): Promise<void> {
    const wanted = [...new Set(keys)].filter((key) => !this.held.has(key)).sort()
    const held = [...this.held]
    if (wanted.length > 0 && held.some((key) => key > wanted[0]!)) throw (this.outOfOrder = new LocksOutOfOrder([...held, ...wanted])) // guard: lock-order
    for (const key of wanted) {
      this.held.add(key)
      while (!(await this.lockRow(key)))
        await this.query(`INSERT INTO ${this.schema}.aggregate_lock (key) VALUES ($1) ON CONFLICT DO NOTHING`, [key]) // guard: pruned-lock-is-made-again
    }
  }

  holds(keys: readonly string[]): boolean {
    return keys.every((key) => this.held.has(key)) // guard: lock-held-whole
  }

  /** Locks a key's row; returns `false` if it does not exist, or was pruned while waiting. */
  private async lockRow(key: string): Promise<boolean> {
    return (await this.query(`SELECT 1 FROM ${this.schema}.aggregate_lock WHERE key = $1 FOR UPDATE`, [key])).length > 0 // guard: row-lock
  }

  documents<T extends object>(table: DocumentTable<T>): Documents<T> {
    return new PostgresDocuments(table, this)
  }

  afterCommit(effect: () => void): void {
    this.effects.push(effect)
  }

  async commit(): Promise<void> {
    await this.sendQueued(() => this.client.query('COMMIT'))
    this.committed()
  }

  committed(): void {
    for (const effect of this.effects) effect()
  }

  async query<R extends object>(sql: string, values: unknown[] = []): Promise<R[]> {
    return (await this.sendQueued(() => this.send<R>(sql, values))).rows
  }

  /**
   * Runs a statement without a result. In a transaction the statement is sent with the next query, or with `COMMIT`, and its failure fails
   * the transaction: sent alone, each statement would be a round trip (ADR 0080).
   */
  async write(sql: string, values: unknown[] = []): Promise<void> {
    if (!this.isOpen) return void (await this.query(sql, values))
    this.queued.push({ sql, values })
    if (this.queued.length >= MAX_QUEUED) await this.query('SELECT 1')
  }

  /** Sends queued statements before that of `last`; results come in the same order. Statements sent in one turn share a packet. */
  private async sendQueued<R>(last: () => Promise<R>): Promise<R> {
    const { stream } = this.client.connection
    stream.cork()
    queueMicrotask(() => stream.uncork())
    const results = this.queued.splice(0).map(({ sql, values }) => this.send(sql, values))
    const result = last()
    // The first failure is the cause: later ones only report that the transaction has failed.
    await Promise.all([...results, result]) // guard: write-fails-commit
    return result
  }

  private send<R extends object>(sql: string, values: unknown[]): Promise<QueryResult<R>> {
    return this.client.query<R>({ name: nameOf(sql), text: sql, values })
  }
}

/**
 * Names of prepared statements by text. A statement is prepared once per connection: a run executes some 600 statements, and approve →
 * global fell from 107 to 87 ms (p50, 2 cores) without planning each time. The texts come from code and are few.
 */
const names = new Map<string, string>()

function nameOf(sql: string): string {
  let name = names.get(sql)
  if (name === undefined) names.set(sql, (name = `hms_${names.size}`))
  return name
}

/** Returns the PostgreSQL transaction, for a store's PostgreSQL adapter. */
export function postgresOf(tx: Transaction): PostgresTransaction {
  if (!(tx instanceof PostgresTransaction)) throw new TypeError('a PostgreSQL store was used with another database')
  return tx
}
