import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger } from '#libs/platform'
import { publicKeyFromRaw } from '#libs/signing'
import { serveSample, type SampleSidecar } from '../../apps/sidecar/src/testing/serve-sample.js'
import { createWitnessServer } from '../../apps/witness/src/witness-server.js'

/** Processes that upgrade nothing: they have no door for it, and must not need one. */
let sidecar: SampleSidecar
const key = { name: 'any', id: '00000000', type: 4, key: publicKeyFromRaw(Buffer.alloc(32, 1)) }
const witness = createWitnessServer(
  { key, addCheckpoint: async () => ({ status: 403, body: '' }), newestCheckpoint: async () => undefined },
  silentLogger,
)
const clients: Socket[] = []
beforeAll(async () => {
  sidecar = await serveSample()
  await witness.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  for (const client of clients) client.destroy()
  await sidecar.stop()
  await witness.close()
})
const servers: [string, () => number][] = [
  ['side-car', () => sidecar.port],
  ['witness', () => (witness.server.address() as AddressInfo).port],
]
const dial = (port: number, ...lines: string[]): Socket => {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => {}).write([...lines, 'host: 127.0.0.1', '', ''].join('\r\n'))
  clients.push(client)
  return client
}
const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length

describe.each(servers)('the %s', (_what, port) => {
  it.each([
    'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQ',
    'connection: upgrade\r\nupgrade: websocket',
    'trailer: x',
    'te: trailers',
  ])('answers as a plain request: %s', async (header) =>
    expect(String((await once(dial(port(), 'GET /livez HTTP/1.1', header), 'data'))[0])).toMatch(/^HTTP\/1.1 200 /),
  )

  it('keeps no socket of a WebSocket that it has no path for', async () => {
    const before = sockets()
    for (let time = 0; time < 20; time++) {
      const client = dial(port(), 'GET /v1/stream HTTP/1.1', 'connection: upgrade', 'upgrade: websocket')
      expect(String((await once(client, 'data'))[0])).toMatch(/^HTTP\/1.1 404 /)
      client.end('x')
    }
    for (const client of clients) client.destroy()
    await expect.poll(sockets).toBeLessThanOrEqual(before)
  })
})
