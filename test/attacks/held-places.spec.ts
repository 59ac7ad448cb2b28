import { EventEmitter, once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ClientSlots, endUnreadResponses } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { limitIntake } from '../../apps/config-store/src/delivery/stream-socket.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

let system: MemorySystem
const open: WebSocket[] = []
beforeAll(async () => {
  system = await startMemorySystem()
})
afterAll(async () => {
  for (const socket of open) socket.terminate()
  await system.stop()
})

const stream = (bot: string): WebSocket => {
  const socket = new WebSocket(`${system.url.replace('http', 'ws')}/v1/stream?bot=${bot}&region=NCR`)
  open.push(socket.on('error', () => {}).on('message', () => {}))
  return socket
}

/** The server has read all that came before. */
function ponged(socket: WebSocket): Promise<unknown> {
  socket.ping()
  return once(socket, 'pong')
}

describe('a message that never ends', () => {
  it.each([
    [
      'in a frame that never ends',
      (socket: WebSocket, raw: Socket) =>
        void raw.write(Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 8, 0, 0, 1, 2, 3, 4]), Buffer.alloc(1_000)])),
    ],
    ['in frames that never end', (socket: WebSocket) => socket.send(Buffer.alloc(1_000, 32), { fin: false })],
  ])('is cut off, also with pings between its parts: %s', async (what, begin) => {
    const socket = stream(`endless-${what.length}`)
    await once(socket, 'open')
    begin(socket, (socket as unknown as { _socket: Socket })._socket)
    for (let seconds = 0; seconds < 100 && socket.readyState !== WebSocket.CLOSED; seconds += 5) {
      const ended = once(socket, 'close')
      if (what.includes('frames') && socket.readyState === WebSocket.OPEN) await Promise.race([ponged(socket), ended])
      system.clock.advanceTo(system.clock.now().getTime() + 5_000)
      await system.settle()
    }
    await expect.poll(() => socket.readyState).toBe(WebSocket.CLOSED)
  })

  it('is none where each ends, however slowly they come', async () => {
    const socket = stream('patient')
    await once(socket, 'open')
    for (let seconds = 0; seconds < 120; seconds += 10) {
      await ponged(socket)
      system.clock.advanceTo(system.clock.now().getTime() + 10_000)
      await system.settle()
    }
    expect(socket.readyState).toBe(WebSocket.OPEN)
  })
})

it('the pings of two thousand streams, sent for minutes within their limits, take no bytes from the messages of others', () => {
  const clock = new VirtualClock()
  const raws = Array.from({ length: 2_000 }, () => new EventEmitter())
  let cut = 0
  for (const raw of raws) limitIntake(new EventEmitter() as unknown as WebSocket, raw as Duplex, false, clock, () => cut++)
  const pings = Buffer.concat(Array.from({ length: 30 }, () => Buffer.concat([Buffer.from([0x89, 0xfd, 1, 2, 3, 4]), Buffer.alloc(125)])))
  for (let minute = 0; minute < 6; minute++) {
    for (const raw of raws) raw.emit('data', pings)
    clock.advanceTo(clock.now().getTime() + 60_000)
  }
  for (const raw of raws) raw.emit('close')
  expect(cut).toBe(0)
})

it('one bot gets a limited number of streams, and takes none from the others', async () => {
  const mine = Array.from({ length: 16 }, () => stream('greedy'))
  await Promise.all(mine.map((socket) => once(socket, 'open')))
  const [refused] = (await once(stream('greedy'), 'unexpected-response').then(([, response]) => [response])) as [{ statusCode: number }]
  expect(refused.statusCode).toBe(429)
  await once(stream('modest'), 'open')
  mine[0]!.close()
  await once(mine[0]!, 'close')
  await expect
    .poll(async () => {
      const again = stream('greedy')
      return Promise.race([once(again, 'open').then(() => 'open'), once(again, 'unexpected-response').then(() => 'refused')])
    })
    .toBe('open')
})

it('one client gets its share of places, and gives each back once', () => {
  const places = new ClientSlots(3, 2, 'seats')
  const [first] = [places.take('a'), places.take('a')]
  expect(() => places.take('a')).toThrow(expect.objectContaining({ status: 429, code: 'HMS_PLACES_TAKEN' }))
  places.take('b')
  expect(() => places.take('c')).toThrow(expect.objectContaining({ status: 503 }))
  first!()
  first!()
  places.take('c')
  expect(() => places.take('b')).toThrow(expect.objectContaining({ status: 503 }))
})

describe('a response that the client does not read', () => {
  let server: Server
  beforeAll(async () => {
    server = createServer((_request, response) => void response.end(Buffer.alloc(64 * 1024 * 1024)))
    endUnreadResponses(server, 600)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const port = (): number => (server.address() as AddressInfo).port
  const connections = (): Promise<number> => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))

  it('is ended', async () => {
    const client = connect({ port: port(), host: '127.0.0.1' }).pause()
    client.on('error', () => {}).write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    await expect.poll(connections, { timeout: 5_000 }).toBe(1)
    await expect.poll(connections, { timeout: 5_000 }).toBe(0)
    client.destroy()
  })

  it('is not where it is read slowly, nor is a connection with nothing to write', async () => {
    const idle = connect({ port: port(), host: '127.0.0.1' })
    const call = request({ port: port(), host: '127.0.0.1', agent: false }).end()
    const [response] = (await once(call, 'response')) as [NodeJS.ReadableStream]
    let bytes = 0
    const began = performance.now()
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length
      await once(AbortSignal.timeout(2), 'abort')
    }
    expect(performance.now() - began).toBeGreaterThan(1_000)
    expect(bytes).toBe(64 * 1024 * 1024)
    expect(idle.destroyed).toBe(false)
    idle.destroy()
  })
})

describe('a dry run', () => {
  it.each(['/v1/lint', '/v1/simulations'])('is done again under its key, and nothing of it is kept: %s', async (path) => {
    const body = JSON.stringify({ policies: [{ id: 'dry-limit', version: '1.0.0', effective: '2024-01-01T00:00:00Z', limit: 1 }] })
    const send = (key: string, text = body): Promise<Response> =>
      fetch(system.url + path, { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': key }, body: text })
    for (const text of [body, body, `${body} `]) {
      const answer = await send('dry', text)
      expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([200, null])
    }
    expect((await send('k'.repeat(201))).status).toBe(400)
  })
})
