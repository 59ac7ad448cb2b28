import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDataSource, PostgresDatabase, ServiceSession } from '#libs/persistence'
import { isTransient, silentLogger, systemClock } from '#libs/platform'
import { freshDatabase } from '../support/postgres.js'
import { until } from '../support/processes.js'
import { TcpProxy } from '../support/tcp-proxy/tcp-proxy.js'
import { blackHole } from '../support/tcp-proxy/toxics.js'

/** A network that swallows everything and reports nothing: every wait for a response needs a deadline of its own. */
describe('a black hole before the database', () => {
  let server: Awaited<ReturnType<typeof freshDatabase>>
  let proxy: TcpProxy
  let url: string

  beforeEach(async () => {
    server = await freshDatabase()
    const { hostname, port } = new URL(server.url)
    proxy = await TcpProxy.start({ host: hostname, port: Number(port) })
    url = proxy.url(server.url)
  })
  afterEach(async () => {
    await proxy.stop()
    await server.drop()
  })

  it.each(['up', 'down'] as const)(
    '%s: a statement and a transaction end as transient faults, and the pool is good again after it',
    async (direction) => {
      const source = await createDataSource({
        url,
        schema: 'public',
        migrations: [],
        poolSize: 1,
        queryTimeoutMs: 500,
      }).initialize()
      const database = new PostgresDatabase(source, 'public')
      const lift = proxy.apply(blackHole({ direction }))
      const faults = [
        await failure(database.query('SELECT 1')),
        await failure(database.transaction(async () => {})),
        await failure(database.autocommit(async () => {})),
      ]
      lift()
      expect(faults.slice(0, 2).map((fault) => isTransient(fault))).toEqual([true, true])
      expect(await database.query<{ one: number }>('SELECT 1 AS one')).toEqual([{ one: 1 }])
      await database.close()
    },
  )

  it('a leader notices that it leads no longer, and another that is not cut off leads within 5 s', async () => {
    const cutOff = new ServiceSession(url, 'linter', systemClock, silentLogger)
    const other = new ServiceSession(server.url, 'linter', systemClock, silentLogger)
    await cutOff.start()
    await other.start()
    expect([await cutOff.tryLead(0), await other.tryLead(0)]).toEqual([true, false])
    const lift = proxy.apply(blackHole())
    await until('the leader has noticed', async () => !(await cutOff.tryLead(0)), 6_000)
    lift()
    await until('the other leads', () => other.tryLead(0), 6_000)
    await cutOff.stop()
    await other.stop()
  })

  it('reports ended sessions and no living ones', async () => {
    const [one, two] = ['one', 'two'].map((name) => new ServiceSession(server.url, 'linter', systemClock, silentLogger, name)) as [
      ServiceSession,
      ServiceSession,
    ]
    await one.start()
    await two.start()
    expect(await one.findDisconnected(['one', 'two', 'three'])).toEqual(['three'])
    await two.stop()
    await until('two is gone', async () => (await one.findDisconnected(['two'])).length === 1, 5_000)
    await one.stop()
    await expect(one.findDisconnected(['two'])).rejects.toSatisfy(isTransient)
  })
})

function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  )
}
