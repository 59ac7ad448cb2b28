import { ServiceSession } from '#libs/persistence'
import { silentLogger, systemClock } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshDatabase } from '../support/postgres.js'
import { until } from '../support/processes.js'

describe('the session of a service', () => {
  let server: Awaited<ReturnType<typeof freshDatabase>>
  let other: Client
  beforeEach(async () => {
    server = await freshDatabase()
    other = new Client({ connectionString: server.url })
    await other.connect()
  })
  afterEach(async () => {
    await other.end()
    await server.drop()
  })
  const sessions = async (): Promise<number> => {
    const sql = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'hms-svc linter session' AND datname = current_database()`
    return (await other.query(sql)).rows.length
  }

  /** A session takes this lock last: until it is let go, the session is not had. */
  const hold = () => other.query(`SELECT pg_advisory_lock(hashtext('linter instances'), hashtext('one'))`)
  const letGo = () => other.query('SELECT pg_advisory_unlock_all()')
  const started = () => {
    const session = new ServiceSession(server.url, 'linter', systemClock, silentLogger, 'one')
    const starting = session.start()
    starting.catch(() => {})
    return { session, starting }
  }

  it('leaves no connection behind when it is not had in time', async () => {
    await hold()
    const { session, starting } = started()
    await expect(starting).rejects.toThrow('timeout')
    await letGo()
    await until('it is gone', async () => (await sessions()) === 0, 10_000)
    await session.stop()
  })

  it('is closed when the service stops while it is opened', async () => {
    await hold()
    const { session, starting } = started()
    await until('the server has it', async () => (await sessions()) > 0, 10_000)
    await session.stop()
    await letGo()
    await expect(starting).rejects.toThrow('stopped meanwhile')
    await until('it is gone', async () => (await sessions()) === 0, 10_000)
  })

  it('sends what it was to tell while it was away', async () => {
    const clock = new VirtualClock()
    const [one, two] = ['one', 'two'].map((name) => new ServiceSession(server.url, 'linter', clock, silentLogger, name)) as [
      ServiceSession,
      ServiceSession,
    ]
    const heard: string[] = []
    two.onNotification((topic) => heard.push(topic))
    await two.start()
    one.notify('outbox')
    clock.advanceTo(clock.now().getTime() + 2)
    await one.start()
    await until('the other has received it', async () => heard.length > 0, 10_000)
    expect(heard).toEqual(['outbox'])
    await Promise.all([one.stop(), two.stop()])
  })
})
