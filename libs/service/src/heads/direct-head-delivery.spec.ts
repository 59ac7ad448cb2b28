import type { IssuedHeads } from '#libs/contracts'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DirectHeadDelivery } from './direct-head-delivery.js'

const HEADS = { heads: [] } as unknown as IssuedHeads

describe('heads delivered directly', () => {
  let server: Server
  let asked: number
  let isUp: boolean
  let clock: VirtualClock
  let delivery: DirectHeadDelivery
  beforeEach(async () => {
    asked = 0
    server = createServer((request, response) => {
      asked++
      request.resume().on('end', () => response.writeHead(isUp ? 200 : 503).end(JSON.stringify({ revision: 4 })))
    })
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    clock = new VirtualClock('2026-01-01T00:00:00.000Z')
    delivery = new DirectHeadDelivery([url], clock, silentLogger)
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })
  /** Advances to the next pause and past it. */
  const nextTry = async (): Promise<void> => {
    const before = asked
    await vi.waitFor(() => {
      clock.advanceTo(clock.now().getTime() + 250)
      expect(asked).toBeGreaterThan(before)
    })
  }

  it('are reported as stored, and not sent again, once a store has them', async () => {
    isUp = true
    expect(await delivery.deliver(HEADS)).toMatchObject([{ ok: true, revision: 4 }])
    clock.advanceTo(clock.now().getTime() + 60_000)
    expect(asked).toBe(1)
  })

  it('are reported as missing at once, and retried, while a store is unreachable', async () => {
    isUp = false
    expect(await delivery.deliver(HEADS)).toMatchObject([{ ok: false, detail: expect.stringContaining('503') as string }])
    await nextTry()
    isUp = true
    await nextTry()
    const had = asked
    clock.advanceTo(clock.now().getTime() + 60_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toBe(had)
  })
})
