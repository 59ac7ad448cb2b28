import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Pool } from 'pg'
import { inject } from 'vitest'
import { startPostgres } from '#libs/persistence'
import { killWithParent } from './broker/parent-watch.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server that global-setup.ts started for this run; tests take their own database of it with freshDatabase(). */
    postgresUrl: string
  }
}

/** One server for a whole test run. It forgets on a power cut, which a test does not survive either, and is quicker for it. */
export async function startTestPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'hms-test-postgres-'))
  chmodSync(folder, 0o755) // as root the database runs as another user
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }
  const server = await startPostgres({ folder, settings })
  const callOffWatch = killWithParent(server.pid)
  return {
    url: server.url,
    async stop() {
      await server.stop()
      callOffWatch()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An empty database of its own for one test file or test, about 0.2 s. */
export async function freshDatabase(server = inject('postgresUrl')): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`
  // Copying files is quicker than the default, which logs every page; template0 never has sessions that would block it.
  await administer(server, `CREATE DATABASE ${name} TEMPLATE template0 STRATEGY file_copy`)
  const url = new URL(server)
  url.pathname = name
  return { url: url.href, drop: () => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

/** A pool whose connections may still be closing when their database is dropped. */
export function testPool(url: string): Pool {
  const pool = new Pool({ connectionString: url, max: 4 })
  pool.on('error', () => {})
  return pool
}

async function administer(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
