import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { EmbeddedBus, MemoryBus, MemoryLog, PostgresOutboxStore } from '#libs/messaging'
import { silentLogger, systemClock } from '#libs/platform'
import { freshDatabase, testPool } from '../support/postgres.js'
import { BusWorld, Reading, TOPIC } from './bus-world.js'
import { eventBusSuite } from './event-bus.suite.js'
import { openPostgresService } from './postgres-service.js'

describe('MemoryBus', () => {
  let world: BusWorld
  beforeAll(async () => {
    const log = new MemoryLog()
    world = await BusWorld.create(() => new MemoryBus(log))
  })
  afterAll(() => world.close())

  eventBusSuite(() => world)
})

describe('EmbeddedBus', () => {
  let world: BusWorld
  let close: () => Promise<void>
  beforeAll(async () => {
    const server = await freshDatabase()
    // The embedded bus holds all services of a machine: what it says of topics it asks each of them.
    const services = await Promise.all(SERVICES.map((service) => openPostgresService(server.url, service)))
    const linter = services[SERVICES.indexOf('linter')]!
    const open = () => new EmbeddedBus(testPool(server.url), systemClock, silentLogger)
    world = await BusWorld.create(open, linter, new PostgresOutboxStore())
    close = async () => {
      await world.close()
      await Promise.all(services.map((service) => service.close()))
      await server.drop()
    }
  })
  afterAll(() => close())

  eventBusSuite(() => world)

  it('knows how far a group is behind, and at which run it stands', async () => {
    const [key, group] = [world.name(), world.name()]
    const bus = world.openBus()
    const reading = new Reading([key])
    await bus.subscribe({ group, topics: [TOPIC], handle: reading.handle })
    await world.emit(key)
    await reading.meet(1)
    await world.closeBus(bus)
    await world.emit(key, key)
    const other = world.openBus()
    const lag = async () =>
      (await other.lag(['simulator'])).find(({ topic }) => topic === TOPIC.name)?.groups.find((each) => each.group === group)
    await expect.poll(lag).toMatchObject({ group, messages: 2, oldest: { run: 7 } })
  })
})
