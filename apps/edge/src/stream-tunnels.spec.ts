import { SILENCE_MS } from '#libs/contracts'
import { serveUpgrades, silentLogger, toProblem } from '#libs/platform'
import { readHttpLimits } from '#libs/process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { COOLDOWN_MS, Instances } from './instances.js'
import { StreamTunnels } from './stream-tunnels.js'

type Store = 'gone' | 'stopping' | 'refusing' | 'hanging' | 'up'

const servers: Server[] = []
const sockets: Socket[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    if (server.listening) await new Promise((closed) => server.close(closed))
  }
})

async function listening(server: Server): Promise<string> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.on('connection', (socket) => sockets.push(socket))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Starts a fake instance of config-store, which adds its kind to `connected` for each upgrade request. */
async function store(kind: Store, connected: Store[], whenHanging = (): void => {}): Promise<string> {
  const server = createServer()
  server.on('upgrade', (_request, socket) => {
    connected.push(kind)
    socket.on('error', () => {})
    if (kind === 'hanging') return whenHanging()
    const status = { up: '101 Switching Protocols', stopping: '503 Service Unavailable', refusing: '401 Unauthorized', gone: '' }[kind]
    socket.write(`HTTP/1.1 ${status}\r\n${kind === 'up' ? 'upgrade: websocket\r\nconnection: upgrade' : 'content-length: 0'}\r\n\r\n`)
    if (kind === 'up') socket.write('frames')
  })
  const url = await listening(server)
  if (kind === 'gone') await new Promise((closed) => server.close(closed))
  return url
}

/** Connects a reader to an edge in front of these instances. `opened`: outcome of its upgrade at the edge. */
async function connectReader(instances: Instances): Promise<{ reader: Socket; opened: Promise<void> }> {
  const tunnels = new StreamTunnels(instances, readHttpLimits('dev', {}, false).trusted, silentLogger)
  const edge = createServer()
  const opened = new Promise<void>((resolve, reject) => {
    serveUpgrades(edge, {
      path: '/v1/stream',
      open: (upgrade) => tunnels.open(upgrade).then(resolve, (error: unknown) => (reject(error as Error), Promise.reject(error as Error))),
      problemOf: (error, request) => toProblem(error, request, silentLogger),
    })
  })
  opened.catch(() => {})
  const { port } = new URL(await listening(edge))
  const reader = connect(Number(port), '127.0.0.1')
  sockets.push(reader)
  reader.write('GET /v1/stream HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n')
  return { reader, opened }
}

/**
 * Connects a reader to an edge in front of these instances. Returns the bytes that the reader received, and the instances that were tried.
 */
async function readerBefore(...kinds: Store[]): Promise<{ received: string; connected: Store[] }> {
  const connected: Store[] = []
  const almost = (): void => void vi.advanceTimersByTime(SILENCE_MS - 1)
  const upstreams = await Promise.all(kinds.map((kind) => store(kind, connected, almost)))
  const { reader } = await connectReader(new Instances(upstreams))
  let received = ''
  while (!/frames|401|503/.test(received)) received += String((await once(reader, 'data'))[0])
  return { received, connected }
}

describe('a reader that connects while an instance of config-store is replaced', () => {
  it.each<Store>(['gone', 'stopping'])('gets its stream from the next instance when the first is %s', async (kind) => {
    const [one, other] = [await readerBefore(kind, 'up'), await readerBefore('up', kind)]
    for (const { received } of [one, other]) expect(received).toMatch(/^HTTP\/1\.1 101 [\s\S]*frames/)
    expect(one.connected.length + other.connected.length).toBe(kind === 'gone' ? 2 : 3)
  })

  it('gets 503 when every instance is gone or stopping', async () => {
    expect((await readerBefore('gone', 'gone')).received).toMatch(/^HTTP\/1\.1 503 /)
    const { received, connected } = await readerBefore('stopping', 'stopping', 'stopping')
    expect(received).toMatch(/^HTTP\/1\.1 503 /)
    expect(connected).toHaveLength(3)
  })

  it('gets the refusal of the first instance that responds', async () => {
    const { received, connected } = await readerBefore('refusing', 'refusing')
    expect(received).toMatch(/^HTTP\/1\.1 401 /)
    expect(connected).toEqual(['refusing'])
  })

  it('gets its stream from the next instance when the first does not respond, before the SDK closes the connection', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { received, connected } = await readerBefore('hanging', 'up')
    expect(received).toMatch(/^HTTP\/1\.1 101 /)
    expect(connected).toEqual(['hanging', 'up'])
  })
})

it('a reader that closes before an instance responds does not end the cooldown of that instance', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  let whenAsked = (): void => {}
  const asked = new Promise<void>((resolve) => (whenAsked = resolve))
  const hanging = await store('hanging', [], whenAsked)
  let nowMs = 0
  const instances = new Instances([hanging, 'http://up.example'], () => nowMs)
  const failed = {}
  instances.next(failed)
  instances.markUnresponsive(failed)
  nowMs = COOLDOWN_MS
  expect(instances.next({})).toBe('http://up.example')
  const { reader, opened } = await connectReader(instances)
  await asked
  reader.resetAndDestroy()
  await opened
  expect([instances.next({}), instances.next({})]).toEqual(['http://up.example', 'http://up.example'])
})
