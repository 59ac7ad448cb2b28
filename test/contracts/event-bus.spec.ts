import { afterAll, beforeAll, describe } from 'vitest'
import { EmbeddedBus, MemoryBus, MemoryLog, PostgresOutboxStore } from '#libs/messaging'
import { silentLogger, systemClock } from '#libs/platform'
import { freshDatabase, testPool } from '../support/postgres.js'
import { BusWorld } from './bus-world.js'
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
    const linter = await openPostgresService(server.url, 'linter')
    const simulator = await openPostgresService(server.url, 'simulator')
    const open = () => new EmbeddedBus(testPool(server.url), systemClock, silentLogger)
    world = await BusWorld.create(open, linter, new PostgresOutboxStore())
    close = async () => {
      await world.close()
      await linter.close()
      await simulator.close()
      await server.drop()
    }
  })
  afterAll(() => close())

  eventBusSuite(() => world)
})
