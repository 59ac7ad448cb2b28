import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'

/** The owner of a data folder's database, at the side of its services: what a service's role may not do. */
export async function asOwner<T>(dataDir: string, work: (client: Client) => Promise<T>): Promise<T> {
  const read = (name: string): string => readFileSync(join(dataDir, name), 'utf8').trim()
  const client = new Client({
    host: '127.0.0.1',
    port: Number(read('postgres.port')),
    user: 'hms',
    password: read('postgres.password'),
    database: 'hms',
  })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
