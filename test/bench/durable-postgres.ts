import { Client } from 'pg'
import { startPostgres } from '#libs/persistence'
import { killWithParent } from '../support/broker/parent-watch.js'
import { scratchFolder } from '../support/processes.js'

export interface DurablePostgres {
  url: string
  pid: number
  /** One statement as its superuser. */
  query<R extends object>(sql: string, values?: unknown[]): Promise<R[]>
  stop(): Promise<void>
}

/** Backend that holds the advisory lock of the linter's relay, shard 0. */
export async function leaderPid(server: DurablePostgres): Promise<number | undefined> {
  const rows = await server.query<{ pid: number }>(
    `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = (hashtext('linter')::bigint & 4294967295)::oid AND objid = 0`,
  )
  return rows[0]?.pid
}

/** A server with the product's own settings: every commit is flushed, unlike the one of the tests. */
export async function startDurablePostgres(): Promise<DurablePostgres> {
  const folder = scratchFolder()
  const server = await startPostgres({ folder: folder.path })
  const callOffWatch = killWithParent(server.pid)
  const client = new Client({ connectionString: server.url })
  await client.connect()
  return {
    url: server.url,
    pid: server.pid,
    query: async <R extends object>(sql: string, values: unknown[] = []) => (await client.query<R>(sql, values)).rows,
    async stop() {
      await client.end()
      await server.stop()
      callOffWatch()
      folder.remove()
    },
  }
}
