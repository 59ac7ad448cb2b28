import { silentLogger, systemClock } from '#libs/platform'
import { migrateService, openPostgresService, type OpenService } from '#libs/service'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { freshDatabase } from '../../../../test/support/postgres.js'
import { definition } from '../config-store.module.js'
import type { BotPresence } from './coverage.js'
import { PresenceExchange } from './presence-exchange.js'

let database: Awaited<ReturnType<typeof freshDatabase>>
let service: OpenService
beforeAll(async () => {
  database = await freshDatabase()
  await migrateService(definition, database.url)
  service = await openPostgresService(definition, {
    url: database.url,
    clock: systemClock,
    log: silentLogger,
    embedded: false,
    poolSize: 2,
  })
})
afterAll(async () => {
  await service.coordination.close()
  await service.database.close()
  await database.drop()
})

const NO_DEPARTED_BOTS = { write: async () => {}, rowsOfDeadInstance: () => [] }
const readers = { all: { stream: 0, events: 0, ofrep: 0 }, byPolicy: {} }

const bot = (name: string, more: Partial<BotPresence> = {}): BotPresence => ({
  bot: name,
  region: 'NCR',
  revision: 1,
  applied: {},
  since: '2026-01-01T00:00:00Z',
  ...more,
})

/** Endpoints reject such input. If a check is ever missing, only that bot is affected. */
it('a bot that the database refuses is left out without the bots that share its row', async () => {
  const [one, other] = [
    new PresenceExchange(service.database, NO_DEPARTED_BOTS, () => false),
    new PresenceExchange(service.database, NO_DEPARTED_BOTS, () => false),
  ]
  const many = Array.from({ length: 20 }, (_, index) => bot(`good-${index}`))
  const bad = [bot('nul', { region: '\0' }), bot('half', { region: '\ud800' }), bot('key', { applied: { 'a\0': 'x' } })]
  const chunks = new Map([
    [0, [...many.slice(0, 5), bad[0]!, ...many.slice(5)]],
    [1, [bad[1]!, bad[2]!]],
    [2, [bot('last')]],
  ])
  const { refused } = await one.exchange(chunks, readers)
  expect(refused.toSorted()).toEqual(['half', 'key', 'nul'])
  const { others } = await other.exchange(new Map(), readers)
  expect(others.map((each) => each.bot).toSorted()).toEqual([...many.map((each) => each.bot), 'last'].toSorted())
})
