import { once } from 'node:events'
import { connect } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { VirtualClock } from '#libs/platform/testing'
import { addConsole } from '../../apps/console/src/console.js'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { serveSample, type SampleSidecar } from '../../apps/sidecar/src/testing/serve-sample.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

let system: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
let sidecar: SampleSidecar
// Otherwise it waits 72 s for connections that are kept open.
const pages: FastifyInstance = Fastify({ forceCloseConnections: true })
beforeAll(async () => {
  system = await startMemorySystem()
  const { port } = new URL(system.url)
  edge = await serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_CONFIG_STORE_PORT: port })
  sidecar = await serveSample()
  addConsole(pages, { urlsOf: () => [], clock: new VirtualClock() })
  await pages.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await pages.close()
  await sidecar.stop()
  await edge.stop()
  await system.stop()
})

/** So many requests in one packet; the first answer has begun when this resolves to how to break the connection off. */
async function pipeline(port: number, path: string, times: number): Promise<() => Promise<unknown>> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`.repeat(times))
  const [first] = (await once(socket, 'data')) as [Buffer]
  expect(String(first)).toMatch(/^HTTP\/1\.1 200 /)
  return () => once(socket.destroy(), 'close')
}
const streams = async (transport: string): Promise<number> => {
  // Metrics are kept for a second.
  system.clock.advanceTo(system.clock.now().getTime() + 1_000)
  const text = await (await fetch(`${system.url}/metrics`)).text()
  return Number(new RegExp(`hms_svc_push_connections\\{[^}]*transport="${transport}"[^}]*\\} (\\d+)`).exec(text)?.[1] ?? 0)
}
const soon = { timeout: 20_000, interval: 300 }

describe('streams that are requested in one packet', () => {
  describe.each<[string, () => number]>([
    ['a service', () => Number(new URL(system.url).port)],
    ['the edge', () => edge.port],
  ])('of %s', (_where, port) => {
    it.each([
      ['/v1/events', 'events'],
      ['/ofrep/v1/events', 'ofrep'],
    ])('take one place, and none once the client is gone: %s', async (path, transport) => {
      const leave = await pipeline(port(), path, 20)
      await expect.poll(() => streams(transport), soon).toBe(1)
      await leave()
      await expect.poll(() => streams(transport), soon).toBe(0)
    })
  })

  it.each([
    ['/v1/events', () => sidecar.feed.size],
    ['/ofrep/v1/events', () => sidecar.flags.size],
  ])('take one place of a side-car: %s', async (path, size) => {
    const leave = await pipeline(sidecar.port, path, 20)
    expect(size()).toBe(1)
    await leave()
    await expect.poll(size).toBe(0)
  })

  it('leave places for readers of live pages', async () => {
    const { port } = pages.server.address() as { port: number }
    const leave = await pipeline(port, '/console/live?page=/', 520)
    const follow = async (): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${port}/console/live?page=/`)
      await response.body!.cancel()
      return response.status
    }
    expect(await follow()).toBe(200)
    await leave()
    expect(await follow()).toBe(200)
  })
})
