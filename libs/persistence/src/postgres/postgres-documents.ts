import { DEFAULT_FIND_LIMIT, type Documents, type DocumentTable, type Query, rowKeysOf } from '../database.js'

interface Statements {
  readonly schema: string
  query<R extends object>(sql: string, values?: unknown[]): Promise<R[]>
  write(sql: string, values?: unknown[]): Promise<void>
  takeAhead(table: string, id: string): Promise<unknown> | undefined
}

/** Stores documents as `(id, doc, key columns…)`; the key columns are derived from the document, so they cannot disagree with it. */
export class PostgresDocuments<T extends object> implements Documents<T> {
  private readonly table: string = `${this.tx.schema}.${this.definition.name}`
  private readonly columns: string[] = Object.keys(this.definition.keys)

  constructor(
    private readonly definition: DocumentTable<T>,
    private readonly tx: Statements,
  ) {}

  async get(id: string): Promise<T | undefined> {
    const ahead = this.tx.takeAhead(this.definition.name, id)
    if (ahead !== undefined) return (await ahead) as T | undefined
    return (await this.tx.query<{ doc: T }>(`SELECT doc FROM ${this.table} WHERE id = $1`, [id]))[0]?.doc
  }

  async put(document: T): Promise<void> {
    const updates = ['doc', 'put_at', ...this.columns].map((column) => `${column} = EXCLUDED.${column}`).join(', ')
    await this.tx.write(`${this.insertSql()} ON CONFLICT (id) DO UPDATE SET ${updates}`, this.values(document))
  }

  async insert(document: T): Promise<boolean> {
    const rows = await this.tx.query(`${this.insertSql()} ON CONFLICT (id) DO NOTHING RETURNING id`, this.values(document))
    return rows.length > 0
  }

  async delete(id: string): Promise<boolean> {
    void this.tx.takeAhead(this.definition.name, id)
    return (await this.tx.query(`DELETE FROM ${this.table} WHERE id = $1 RETURNING id`, [id])).length > 0
  }

  async find(query: Query = {}): Promise<T[]> {
    const values: unknown[] = []
    const conditions = this.conditions(query.where, values)
    const order = this.column(query.orderBy ?? 'id')
    if (query.after !== undefined) {
      values.push(query.after)
      conditions.push(`${order} ${query.descending === true ? '<' : '>'} $${values.length}`)
    }
    values.push(query.limit ?? DEFAULT_FIND_LIMIT)
    const direction = query.descending === true ? 'DESC' : 'ASC'
    const sql = `SELECT doc FROM ${this.table}${whereClause(conditions)} ORDER BY ${order} ${direction}, id ${direction} LIMIT
       $${values.length}`
    return (await this.tx.query<{ doc: T }>(sql, values)).map((row) => row.doc)
  }

  async count(where?: Query['where']): Promise<number> {
    const values: unknown[] = []
    const conditions = this.conditions(where, values)
    const rows = await this.tx.query<{ n: string }>(`SELECT count(*) AS n FROM ${this.table}${whereClause(conditions)}`, values)
    return Number(rows[0]!.n)
  }

  async stale(before: Date, limit: number): Promise<T[]> {
    const values: unknown[] = [before, limit]
    const conditions = ['put_at < $1', ...this.conditions(this.definition.keep?.ended, values)] // guard: open-rows-stay-postgres
    const sql = `SELECT doc FROM ${this.table}${whereClause(conditions)} ORDER BY put_at LIMIT $2 FOR UPDATE SKIP LOCKED`
    return (await this.tx.query<{ doc: T }>(sql, values)).map((row) => row.doc)
  }

  private conditions(where: Query['where'] = {}, values: unknown[]): string[] {
    return Object.entries(where).map(([key, wanted]) => {
      if (wanted === null) return `${this.column(key)} IS NULL`
      values.push(wanted)
      if (!Array.isArray(wanted)) return `${this.column(key)} = $${values.length}`
      const listed = `${this.column(key)} = ANY($${values.length})`
      return wanted.includes(null) ? `(${listed} OR ${this.column(key)} IS NULL)` : listed
    })
  }

  /** Checks a column name. Column names come from code, never from a request, so an unknown name is a bug. */
  private column(name: string): string {
    if (name === 'id' || this.columns.includes(name)) return name
    throw new TypeError(`${this.definition.name} has no key column ${name}`)
  }

  private insertSql(): string {
    const columns = ['id', 'doc', ...this.columns]
    return `INSERT INTO ${this.table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`
  }

  private values(document: T): unknown[] {
    const [id, ...keys] = rowKeysOf(this.definition, document)
    void this.tx.takeAhead(this.definition.name, id) // guard: read-ahead-before-write
    return [id, JSON.stringify(document), ...keys]
  }
}

function whereClause(conditions: string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
}
