import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

/** By a policy of the server, or without a word: not as after work that is done. */
const CUT = [1006, 1008]

let system: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
beforeAll(async () => {
  system = await startMemorySystem()
  const port = new URL(system.url).port
  edge = await serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_CONFIG_STORE_PORT: port })
})
afterAll(async () => {
  await edge.stop()
  await system.stop()
})

const clients: Socket[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

const doors: [string, () => number][] = [
  ['config-store', () => Number(new URL(system.url).port)],
  ['edge', () => edge.port],
]
const dial = (port: number, ...lines: string[]): Socket => {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => {}).write([...lines, '', ''].join('\r\n'), 'latin1')
  clients.push(client)
  return client
}
const HANDSHAKE = [
  'host: 127.0.0.1',
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
]
const open = (port: number, query = '', headers: Record<string, string> = {}): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${port}/v1/stream${query}`, { headers }).on('error', () => {})
const refusal = async (socket: WebSocket): Promise<[number | undefined, string]> => {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return [response.statusCode, (JSON.parse(body) as { code: string }).code]
}
/** Both ends of every connection of this process. */
const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length

describe.each(doors)('the endpoint for upgrades of %s', (_what, port) => {
  it.each([
    'trailer: x',
    'expect: 100-continue',
    'expect: x',
    'transfer-encoding: chunked',
    'te: trailers',
    'keep-alive: timeout=5',
    'content-length: 5',
    'x-odd: \xe9\xff',
    'connection: close, sec-websocket-key',
  ])('keeps serving after the header %s', async (header) => {
    const [answer] = (await once(dial(port(), 'GET /v1/stream HTTP/1.1', ...HANDSHAKE, header), 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1.1 101 /)
    const reader = open(port())
    expect(JSON.parse(String((await once(reader, 'message'))[0]))).toMatchObject({ type: 'snapshot' })
    reader.terminate()
  })

  it.each(['/v1/policies', '/v1/events', '/', '//', '/nowhere'])('refuses a WebSocket for %s', async (target) => {
    const [answer] = (await once(dial(port(), `GET ${target} HTTP/1.1`, ...HANDSHAKE), 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1.1 404 [\s\S]*HMS_HTTP_PATH_UNKNOWN/)
  })

  it('responds with a problem to a request that is no handshake', async () => {
    const [answer] = (await once(dial(port(), 'GET /v1/stream HTTP/1.1', ...HANDSHAKE.slice(0, 3)), 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1.1 400 [\s\S]*HMS_HTTP_BAD_REQUEST/)
  })

  it.each([
    ['/nowhere', '404'],
    ['/v1/stream?bot=%00', '400'],
  ])('keeps no socket of a refused client: %s', async (target, status) => {
    const before = sockets()
    for (let time = 0; time < 20; time++) {
      const client = dial(port(), `GET ${target} HTTP/1.1`, ...HANDSHAKE)
      expect(String((await once(client, 'data'))[0])).toContain(` ${status} `)
      client.end('x')
    }
    for (const client of clients) client.destroy()
    // The edge keeps one connection to config-store for its next request.
    await expect.poll(sockets).toBeLessThanOrEqual(before + 2)
  })

  it('serves an offer of HTTP/2 as the plain request it came with', async () => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQ' }
    const call = request({ port: port(), host: '127.0.0.1', path: '/v1/policies', headers })
    call.end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(200)
    const post = request({
      port: port(),
      host: '127.0.0.1',
      path: '/v1/alerts',
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
    })
    post.end(JSON.stringify({ id: `h2c-${port()}`, bot: 'a', region: 'NCR', kind: 'V' }))
    const [accepted] = (await once(post, 'response')) as [IncomingMessage]
    accepted.resume()
    expect(accepted.statusCode).toBe(202)
  })

  it.each<[string, Record<string, string>]>([
    ['Origin', { origin: 'http://evil.example' }],
    ['Origin of a sandbox', { origin: 'null' }],
    ['Host', { host: 'evil.example' }],
  ])('lets no page of another site in, known by its %s', async (_by, headers) =>
    expect(await refusal(open(port(), '', headers))).toEqual([403, 'HMS_HTTP_FOREIGN']),
  )

  it('lets a page of this machine in', async () => {
    const [data] = await once(open(port(), '', { origin: 'http://localhost:3000', host: 'localhost:7184' }), 'message')
    expect(JSON.parse(String(data))).toMatchObject({ type: 'snapshot' })
  })

  it.each([
    '?bot=%00',
    '?bot=a%0Ab',
    '?region=%00',
    '?bot=a&region=%1B%5B2J',
    '?region=%E2%80%AE',
    `?bot=${'x'.repeat(201)}`,
    `?region=${'x'.repeat(65)}`,
    '?bot=a&bot=b',
    '?bot=a&region=a&region=b',
    '?revision=nonsense',
    '?revision=1e3',
    '?bots=a',
  ])('refuses what could not be kept or shown, or is no member: %s', async (query) =>
    expect(await refusal(open(port(), query))).toEqual([400, 'HMS_HTTP_QUERY_INVALID']),
  )

  it.each<[string, (reader: WebSocket) => void]>([
    ['a frame', (reader) => reader.send('x')],
    ['an empty frame', (reader) => reader.send('')],
    ['what a bot may send', (reader) => reader.send('{"type":"applied","revision":0,"applied":{}}')],
    ['bytes', (reader) => reader.send(Buffer.alloc(1))],
    ['a part of a message', (reader) => reader.send('x'.repeat(20_000), { fin: false })],
    [
      'pings without end',
      (reader) => {
        for (let time = 0; time < 500; time++) reader.ping()
      },
    ],
    [
      'parts without end',
      (reader) => {
        for (let time = 0; time < 500; time++) reader.send('', { fin: false })
      },
    ],
  ])('ends the connection of a reader without a name that sends %s', async (_what, send) => {
    const reader = open(port())
    await once(reader, 'message')
    send(reader)
    expect(CUT).toContain((await once(reader, 'close'))[0])
  })

  it('closes the socket of a bot that sends more than its kind may', async () => {
    const frame = JSON.stringify({ type: 'applied', revision: 0, applied: {} })
    const bot = open(port(), '?bot=flood&region=NCR')
    await once(bot, 'message')
    for (let time = 0; time < 100; time++) bot.send(frame)
    bot.ping()
    await once(bot, 'pong')
    for (let time = 0; time < 400; time++) bot.send(frame)
    expect(CUT).toContain((await once(bot, 'close'))[0])
  })

  it('takes no body with what is read', async () => {
    for (const header of ['content-length: 5', 'transfer-encoding: chunked']) {
      for (const path of ['/v1/events', '/v1/policies', '/v1/runs/1/events']) {
        const [answer] = (await once(dial(port(), `GET ${path} HTTP/1.1`, 'host: 127.0.0.1', header), 'data')) as [Buffer]
        expect(String(answer)).toMatch(/^HTTP\/1.1 413 [\s\S]*connection: close[\s\S]*HMS_HTTP_BODY_TOO_LARGE/i)
      }
    }
  })
})

it.each(['x', '', 'content-length', 'x-checksum, x-other'])(
  'the edge refuses a plain request with trailers to come: %s',
  async (trailer) => {
    for (const target of ['/v1/policies', '/livez', '/nowhere']) {
      const [answer] = (await once(dial(edge.port, `GET ${target} HTTP/1.1`, 'host: 127.0.0.1', `trailer: ${trailer}`), 'data')) as [Buffer]
      expect(String(answer)).toMatch(/^HTTP\/1.1 400 [\s\S]*HMS_HTTP_BAD_REQUEST/)
    }
  },
)
