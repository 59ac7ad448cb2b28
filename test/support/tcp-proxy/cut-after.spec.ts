import { Client, type ClientConfig } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { freshDatabase } from '../postgres.js'
import { until } from '../processes.js'
import { CutAfter, cutAtCommit } from './cut-after.js'
import { EchoServer, Talker } from './talker.js'
import { TcpProxy } from './tcp-proxy.js'
import { slicer } from './toxics.js'

describe('a commit that is cut', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let proxy: TcpProxy
  let direct: Client

  beforeAll(async () => {
    database = await freshDatabase()
    const { hostname: host, port } = new URL(database.url)
    proxy = await TcpProxy.start({ host, port: Number(port) })
    direct = await dial({ connectionString: database.url })
  })
  afterAll(async () => {
    await direct?.end()
    await proxy?.stop()
    await database?.drop()
  })
  beforeEach(async () => {
    await direct.query('DROP TABLE IF EXISTS noted; CREATE TABLE noted (n int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)')
    onTestFinished(() => proxy.calm())
  })

  async function dial(config: ClientConfig): Promise<Client> {
    const client = new Client(config)
    client.on('error', () => {}) // a cut between two statements
    await client.connect()
    return client
  }

  async function note(n: number): Promise<Client> {
    const client = await dial({ connectionString: proxy.url(database.url) })
    await client.query('BEGIN')
    await client.query('INSERT INTO noted VALUES ($1)', [n])
    return client
  }

  async function noted(): Promise<number[]> {
    return (await direct.query<{ n: number }>('SELECT n FROM noted ORDER BY n')).rows.map(({ n }) => n)
  }

  it('before the reply: it throws at the client and is stored; one cut per arming', async () => {
    const cut = cutAtCommit('committed')
    proxy.apply(cut)
    await expect((await note(1)).query('COMMIT')).rejects.toThrow(/ECONNRESET|terminated/)
    expect(await noted()).toEqual([1])

    const second = await note(2)
    await second.query('COMMIT')
    await second.end()
    expect([cut.cuts, await noted()]).toEqual([1, [1, 2]])

    cut.arm()
    await expect((await note(3)).query('COMMIT')).rejects.toThrow(/ECONNRESET|terminated/)
    expect([cut.cuts, await noted()]).toEqual([2, [1, 2, 3]])
  })

  it('when sent: it throws at the client while the server is still at it, and is stored later', async () => {
    // The deferred trigger holds the COMMIT up for as long as this test has the lock.
    await direct.query(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_advisory_xact_lock(4); RETURN NULL; END'`)
    await direct.query(
      `CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON noted DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold()`,
    )
    await direct.query('SELECT pg_advisory_lock(4)')
    const cut = cutAtCommit('sent')
    proxy.apply(cut)
    await expect((await note(1)).query('COMMIT')).rejects.toThrow(/ECONNRESET|terminated/)
    expect([cut.cuts, await noted()]).toEqual([1, []])
    await direct.query('SELECT pg_advisory_unlock(4)')
    await until('the commit is through', async () => (await noted()).length === 1, 10_000)
  })

  it('also in one-byte pieces', async () => {
    proxy.apply(slicer({ bytes: 1, gapMs: 0 }))
    const cut = cutAtCommit('committed')
    proxy.apply(cut)
    await expect((await note(1)).query('COMMIT')).rejects.toThrow(/ECONNRESET|terminated/)
    expect([cut.cuts, await noted()]).toEqual([1, [1]])
  })

  it('is not one that the server refuses', async () => {
    const cut = cutAtCommit('committed')
    proxy.apply(cut)
    await direct.query('INSERT INTO noted VALUES (1)')
    const client = await note(1)
    await expect(client.query('COMMIT')).rejects.toMatchObject({ code: '23505' })
    await client.end()
    expect([cut.cuts, await noted()]).toEqual([0, [1]])
  })

  it('with odds: as often as the seeded generator decides', async () => {
    const draws = [0.9, 0.1, 0.5, 0.2]
    const cut = cutAtCommit('committed', { odds: { probability: 0.3, random: () => draws.shift() ?? 1 }, times: Infinity })
    proxy.apply(cut)
    const outcomes: boolean[] = []
    for (const n of [1, 2, 3, 4]) {
      const client = await note(n)
      outcomes.push(
        await client.query('COMMIT').then(
          () => true,
          () => false,
        ),
      )
      await client.end().catch(() => {})
    }
    expect([outcomes, cut.cuts, await noted()]).toEqual([[true, false, true, false], 2, [1, 2, 3, 4]])
  })
})

it('any bytes: the server has what stood before the cut and sees an ordinary end', async () => {
  const echo = await EchoServer.start()
  const proxy = await TcpProxy.start({ host: '127.0.0.1', port: echo.port })
  onTestFinished(async () => {
    await proxy.stop()
    await echo.stop()
  })
  proxy.apply(new CutAfter('cut after the order', Buffer.from('order'), 'up'))
  const caller = await Talker.dial(proxy.port)
  caller.say('an or')
  await caller.heard(5)
  caller.say('der and more')
  expect(await caller.over).toBe('ECONNRESET')
  const guest = await echo.guest(0)
  expect(await guest.over).toBe('end')
  expect(guest.text).toBe('an order')
})
