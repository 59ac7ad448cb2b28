import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { CoverageView } from '#libs/contracts'
import { startInstance, POLICY, type StoreHarness } from '../../apps/config-store/src/testing/store-harness.suite.js'
import { testIdentity } from '../support/identity.js'
import { freshDatabase } from '../support/postgres.js'

let database: Awaited<ReturnType<typeof freshDatabase>>
let [one, two]: StoreHarness[] = []
beforeAll(async () => {
  database = await freshDatabase()
  const identity = await testIdentity()
  one = await startInstance(database.url, identity)
  two = await startInstance(database.url, identity)
  await one.stored(await one.head())
})
afterAll(async () => {
  await one?.stop()
  await two?.stop()
  await database.drop()
})

const NAMES = ['%00', 'a%00', '%0A', '%1B%5B1A', '%7F', '%C2%85', '%E2%80%AE', '%E2%80%A8']
const statusOf = async (path: string): Promise<number> => {
  const response = await fetch(one!.url + path, { headers: { accept: 'application/json' } })
  await response.body?.cancel()
  return response.status
}
const total = async (): Promise<number> => ((await (await fetch(`${two!.url}/v1/coverage?policy=${POLICY}`)).json()) as CoverageView).total
const opened = async (query: string): Promise<WebSocket> => {
  const socket = new WebSocket(`${one!.url.replace('http', 'ws')}/v1/stream?${query}`)
  await once(socket, 'message')
  return socket
}

describe('a name that no database, log or terminal should be given', () => {
  it.each(NAMES)('is refused in every query: %s', async (name) => {
    for (const path of ['/v1/policies', `/v1/policies/${POLICY}`, '/v1/snapshot', '/v1/events']) {
      for (const field of ['bot', 'region']) expect([path, await statusOf(`${path}?${field}=${name}`)]).toEqual([path, 400])
    }
    expect(await statusOf(`/v1/coverage?policy=${name}`)).toBe(400)
  })

  it('is refused when it is given twice, or too long', async () => {
    for (const query of ['bot=a&bot=b', 'region=a&region=b', `bot=${'x'.repeat(201)}`, `region=${'x'.repeat(65)}`])
      expect(await statusOf(`/v1/policies?${query}`)).toBe(400)
    for (const query of ['revision=nonsense', 'revision=-1', 'revision=1&revision=2'])
      expect(await statusOf(`/v1/events?${query}`)).toBe(400)
    for (const query of ['', 'bot=&region=', 'bot=inspector-7&region=N%20C', 'bot=%C3%A9'])
      expect(await statusOf(`/v1/policies?${query}`)).toBe(200)
  })

  it.each([
    ['a key with NUL', { 'a-limit\0': `sha256:${'a'.repeat(64)}` }],
    ['half a pair', { '\ud800': `sha256:${'a'.repeat(64)}` }],
    ['NUL for a digest', { [POLICY]: '\0' }],
    ['a long digest', { [POLICY]: 'x'.repeat(100_000) }],
  ])('ends the connection of the bot that acknowledges with %s, and the others are still counted everywhere', async (_what, applied) => {
    const good = await opened('bot=good&region=NCR')
    const bad = await opened('bot=bad&region=NCR')
    await expect.poll(total, { timeout: 10_000 }).toBe(2)
    bad.send(JSON.stringify({ type: 'applied', revision: 1, applied }))
    expect((await once(bad, 'close'))[0]).toBe(1008)
    await expect.poll(total, { timeout: 10_000 }).toBe(1)
    good.close()
    await expect.poll(total, { timeout: 10_000 }).toBe(0)
  })
})
