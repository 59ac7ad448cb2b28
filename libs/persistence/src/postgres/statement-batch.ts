import { type PoolClient, Query, type QueryResult } from 'pg'

/** `name`: of the prepared statement; always the same for a text. */
export interface Statement {
  name: string
  text: string
  values: unknown[]
}

/** Members of pg's connection and query that its types leave out. */
interface Connection {
  stream: { cork(): void; uncork(): void }
  submittedNamedStatements: Record<string, string>
  execute(portal: { portal: string }): void
  sync(): void
}
interface PgQuery {
  callback: (error: Error | null, results: QueryResult | QueryResult[]) => void
  prepare(connection: Connection): void
  handleCommandComplete(message: unknown, connection: Connection): void
  handleError(error: Error, connection: Connection): void
}
const PgQuery = Query as unknown as new (text: string) => PgQuery

/**
 * Several statements as one query of pg: one packet, one promise, one deadline and one `Sync`. After a failed statement, the server skips
 * the rest: nothing runs after a failed `BEGIN` or lock, no `COMMIT` after a failed write. A batch without a `BEGIN` is atomic too.
 */
export class StatementBatch extends PgQuery {
  private completed = 0

  private constructor(private readonly statements: readonly Statement[]) {
    super('')
  }

  /** Resolves to one result for each statement; rejects with the error of the first that failed. */
  static send(client: PoolClient, statements: readonly Statement[]): Promise<QueryResult[]> {
    const batch = new StatementBatch(statements)
    return new Promise((resolve, reject) => {
      batch.callback = (error, results) => (error === null ? resolve([results].flat()) : reject(error))
      client.query(batch as unknown as Query)
    })
  }

  /** Called by pg's client, which passes on all responses up to `ReadyForQuery`. */
  submit(connection: Connection): null {
    connection.stream.cork()
    for (const statement of this.statements) this.prepare.call(Object.assign(this, statement), connection)
    connection.sync()
    connection.stream.uncork()
    Object.assign(this, this.statements[0])
    return null
  }

  /** Called by `prepare`. pg's own method also sends a `Sync`; this batch sends one `Sync` after its last statement. */
  _getRows(connection: Connection): void {
    connection.execute({ portal: '' })
  }

  /** Takes over the next statement: pg's client records a statement as prepared by the name and text of this object. */
  override handleCommandComplete(message: unknown, connection: Connection): void {
    super.handleCommandComplete(message, connection)
    Object.assign(this, this.statements[++this.completed])
  }

  override handleError(error: Error, connection: Connection): void {
    // guard: skipped-is-not-prepared
    for (const { name } of this.statements.slice(this.completed)) delete connection.submittedNamedStatements[name]
    super.handleError(error, connection)
  }
}
