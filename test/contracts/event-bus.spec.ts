import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { EmbeddedBus, PostgresOutboxStore, topicRecordOf } from '#libs/messaging'
import { MemoryBus, MemoryLog } from '#libs/messaging/testing'
import { silentLogger, systemClock } from '#libs/platform'
import { freshDatabase, testPool } from '../support/postgres.js'
import { BusHarness, Reading, TOPIC } from './bus-harness.js'
import { eventBusSuite } from './event-bus.suite.js'
import { openPostgresService } from './postgres-service.js'

describe('MemoryBus', () => {
  let harness: BusHarness
  beforeAll(async () => {
    const log = new MemoryLog()
    harness = await BusHarness.create(() => new MemoryBus(log))
  })
  afterAll(() => harness.close())

  eventBusSuite(() => harness)
})

describe('EmbeddedBus', () => {
  let harness: BusHarness
  let close: () => Promise<void>
  beforeAll(async () => {
    const server = await freshDatabase()
    // The embedded bus holds all services of a machine: what it says of topics it asks each of them.
    const services = await Promise.all(SERVICES.map((service) => openPostgresService(server.url, service)))
    const linter = services[SERVICES.indexOf('linter')]!
    const open = () => new EmbeddedBus(testPool(server.url), systemClock, silentLogger)
    harness = await BusHarness.create(open, linter, new PostgresOutboxStore())
    close = async () => {
      await harness.close()
      await Promise.all(services.map((service) => service.close()))
      await server.drop()
    }
  })
  afterAll(() => close())

  eventBusSuite(() => harness)

  it('returns the records of topics from a time or from the end on, page by page, each once', async () => {
    const [key, other] = [harness.name(), harness.name()]
    const bus = harness.openBus()
    const reading = new Reading([key, other])
    await bus.subscribe({ group: harness.name(), topics: [TOPIC], handle: reading.handle })
    await harness.emit(key)
    await reading.meet(1)
    const log = bus.records!
    const end = await log.read({ topics: [TOPIC.name], limit: 2 })
    expect(end.records).toEqual([])
    await harness.emit(other, other, other)
    await reading.meet(4)
    const first = await log.read({ topics: [TOPIC.name, 'hms.canary.v1'], after: end.next, limit: 2 })
    const second = await log.read({ topics: [TOPIC.name], after: first.next, limit: 2 })
    const seqs = [...first.records, ...second.records].map(({ key: of, headers }) => [of, headers['ce_keyseq']])
    expect(seqs).toEqual(['1', '2', '3'].map((seq) => [other, seq]))
    expect(topicRecordOf(first.records[0]!)).toMatchObject({
      topic: TOPIC.name,
      run: 7,
      type: 'hms.lint.failed.v1',
      data: { detail: other },
    })
    expect(await log.read({ topics: [TOPIC.name], after: second.next, limit: 2 })).toEqual({ records: [], next: second.next })
    expect(await log.read({ topics: ['hms.canary.v1'], since: new Date(0), limit: 2 })).toMatchObject({ records: [] })
    const all = await log.read({ topics: [TOPIC.name], since: new Date(0), limit: 200 })
    expect(all.records.filter((record) => record.key === key || record.key === other)).toHaveLength(4)
    const newest = await log.read({ topics: [TOPIC.name], newest: true, limit: 2 })
    expect(newest.records).toEqual(second.records.length === 2 ? second.records : [...first.records, ...second.records].slice(-2))
    expect(await log.read({ topics: [TOPIC.name], after: newest.next, limit: 2 })).toMatchObject({ records: [] })
    await expect(log.read({ topics: [TOPIC.name], after: '1.2', limit: 2 })).rejects.toMatchObject({
      code: 'HMS_TOPICS_PLACE',
      status: 400,
    })
  })

  it('knows the lag of a group, and the run of its position', async () => {
    const [key, group] = [harness.name(), harness.name()]
    const bus = harness.openBus()
    const reading = new Reading([key])
    await bus.subscribe({ group, topics: [TOPIC], handle: reading.handle })
    await harness.emit(key)
    await reading.meet(1)
    await harness.closeBus(bus)
    await harness.emit(key, key)
    const other = harness.openBus()
    const lag = async () =>
      (await other.lag(['simulator'])).find(({ topic }) => topic === TOPIC.name)?.groups.find((each) => each.group === group)
    await expect.poll(lag).toMatchObject({ group, messages: 2, oldest: { run: 7 } })
  })
})
