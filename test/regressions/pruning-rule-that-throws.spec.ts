import { afterEach, expect, it } from 'vitest'
import { Outbox, Reconciler, Relay } from '#libs/messaging'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { documentTable } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { PruneTables, readRetentionConfig } from '#libs/service'
import { testIdentity } from '../support/identity.js'

const [BROKEN, SOUND] = ['broken', 'sound'].map((name) =>
  documentTable<{ id: string }>({ name, id: ({ id }) => id, keys: {}, keep: { for: 'repeats' } }),
) as [ReturnType<typeof documentTable<{ id: string }>>, ReturnType<typeof documentTable<{ id: string }>>]
const source = '/hms-svc/linter'

let relay: Relay | undefined
afterEach(() => relay?.stop())

/** A service whose rule for one table always throws. */
async function harness() {
  const clock = new VirtualClock()
  const database = new MemoryDatabase(clock)
  const stores = { outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore() }
  const bus = new MemoryBus()
  const metrics = new Metrics()
  const { serviceSigner } = await testIdentity()
  const config = readRetentionConfig({})
  const prune = new PruneTables('linter', [BROKEN, SOUND] as never, database, stores, config, silentLogger, metrics)
  prune.rule(BROKEN, { isNeeded: () => Promise.reject(new Error('no rule for this')) })
  await database.transaction(async (tx) => {
    await tx.documents(BROKEN).put({ id: 'a' })
    await tx.documents(SOUND).put({ id: 'b' })
  })
  clock.advanceTo(clock.now().getTime() + 9 * 24 * 60 * 60 * 1000)
  const outbox = new Outbox(stores.outbox, 'linter', serviceSigner('linter'), () => {})
  await database.transaction((tx) =>
    outbox.emit(tx, 'hms.lint.failed.v1', { run: 1, attempt: 1, reason: 'TEST', detail: '', findings: [] }, { key: 'ozone' }),
  )
  const reconciler = new Reconciler(database, stores.outbox, bus, source, silentLogger, metrics)
  const leadership = { tryLead: async () => true }
  const start = (pruneOnce: () => Promise<boolean>): void => {
    relay = new Relay(database, stores.outbox, bus, leadership, reconciler, source, clock, silentLogger, pruneOnce)
    relay.start()
  }
  const unsent = (): Promise<number> => database.transaction(async (tx) => (await stores.outbox.unsent(tx, 10)).length)
  return { database, prune, start, unsent }
}

it('leaves the other tables to be pruned', async () => {
  const { database, prune } = await harness()
  await prune.execute()
  const left = await database.transaction(async (tx) => [await tx.documents(BROKEN).count(), await tx.documents(SOUND).count()])
  expect(left).toEqual([1, 0])
})

it('does not delay the rows of the outbox', async () => {
  const { start, unsent } = await harness()
  start(() => Promise.reject(new Error('no rule for this')))
  await relay!.stop()
  expect(await unsent()).toBe(0)
})
