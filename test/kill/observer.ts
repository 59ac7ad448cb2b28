import { Pool } from 'pg'
import { SERVICES, type ServiceName } from '#libs/contracts'
import { schemaOf } from '#libs/messaging'

/** Reads the tables of all services past every service and every proxy. The only one who may: an oracle has to know better. */
export class Observer {
  private readonly pool: Pool

  constructor(url: string) {
    this.pool = new Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 2_000, application_name: 'hms-kill observer' })
    // A database that is stopped under the pool is what these tests do.
    this.pool.on('error', () => undefined)
  }

  async rows<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    const client = await this.pool.connect()
    client.on('error', () => undefined)
    let broken = false
    try {
      return (await client.query<T>(sql, values)).rows
    } catch (error) {
      broken = true
      throw error
    } finally {
      client.removeAllListeners('error')
      client.release(broken)
    }
  }

  /** One query over the same table of every service; `$schema` and `$service` stand for theirs. */
  everywhere<T extends object>(sql: string, services: readonly ServiceName[] = SERVICES): Promise<T[]> {
    return this.rows<T>(
      services.map((service) => `(${sql.replaceAll('$schema', schemaOf(service)).replaceAll('$service', service)})`).join(' UNION ALL '),
    )
  }

  async count(sql: string): Promise<number> {
    return Number((await this.rows<{ n: string }>(`SELECT count(*) AS n FROM (${sql}) AS counted`))[0]!.n)
  }

  close(): Promise<void> {
    return this.pool.end()
  }
}
