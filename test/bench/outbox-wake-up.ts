import type { TestIdentity } from '../support/identity.js'
import { until } from '../support/processes.js'
import type { DurablePostgres } from './durable-postgres.js'
import { nowMs, report } from './figures.js'
import { LinterInstance, type Committed } from './linter-instance.js'
import { NotingBus } from './noting.js'
import { atRate } from './writers.js'

const RATE = 300
const FOR_MS = 10_000
const KEYS = 100

/** From the commit, as the writer learns of it, to the relay handing the event to the bus, at 300 transactions a second. */
export async function wakeUp(server: DurablePostgres, identity: TestIdentity): Promise<void> {
  const at = `${RATE} tx/s:`
  report(`${at} in process`, await commitToRelay(server, identity, { elsewhere: false, wakes: true }))
  report(`${at} writer and leader in two instances`, await commitToRelay(server, identity, { elsewhere: true, wakes: true }))
  report(`${at} 1 s poll alone`, await commitToRelay(server, identity, { elsewhere: false, wakes: false }))
  report(`${at} floor: one read of the outbox after the commit`, await commitToRead(server, identity))
}

async function commitToRelay(
  server: DurablePostgres,
  identity: TestIdentity,
  how: { elsewhere: boolean; wakes: boolean },
): Promise<number[]> {
  const bus = new NotingBus()
  const leader = await LinterInstance.open(server.url, bus, identity)
  await leader.lead(server)
  const other = await LinterInstance.open(server.url, bus, identity)
  other.start()
  const writer = how.elsewhere ? other : leader
  const committed: Committed[] = []
  await atRate(RATE, FOR_MS, async (turn) => void committed.push(await writer.write(`wake.${turn % KEYS}`, how)))
  await until('all are sent', async () => leader.store.sent === committed.length)
  await Promise.all([leader.stop(), other.stop()])
  // The relay may have read the row before the writer received the response to its own commit.
  return committed.map(({ id, atMs }) => Math.max(0, bus.publishedAt.get(id)! - atMs))
}

async function commitToRead(server: DurablePostgres, identity: TestIdentity): Promise<number[]> {
  const instance = await LinterInstance.open(server.url, new NotingBus(), identity)
  const times: number[] = []
  await atRate(RATE, FOR_MS, async (turn) => {
    const { atMs } = await instance.write(`wake.${turn % KEYS}`, { wakes: false })
    await instance.database.autocommit((tx) => instance.store.unsent(tx, 1))
    times.push(nowMs() - atMs)
  })
  await instance.stop()
  await server.query('TRUNCATE linter.outbox')
  return times
}
