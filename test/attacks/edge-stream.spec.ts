import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect as dial } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { serveEdge } from '../../apps/edge/src/edge.js'

let upstream: Server
let sockets: WebSocketServer
let edge: Awaited<ReturnType<typeof serveEdge>>
let port = 0
const asked: IncomingMessage[] = []

/** A config-store as far as the edge sees it: one key is good, and frames come back. */
beforeAll(async () => {
  sockets = new WebSocketServer({ noServer: true })
  upstream = createServer((request, response) => response.end(JSON.stringify(request.headers)))
  upstream.on('upgrade', (request, socket, head) => {
    asked.push(request)
    if (request.headers.authorization === 'Bearer good')
      return sockets.handleUpgrade(request, socket, head, (client) => client.on('message', (data) => client.send(data, { binary: false })))
    const body = '{"code":"HMS_AUTH_SCOPE"}'
    socket.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  port = (upstream.address() as AddressInfo).port
  edge = await serveEdge({ HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_CONFIG_STORE_URLS: `http://127.0.0.1:${port}` })
})
afterAll(async () => {
  await edge.stop()
  for (const client of sockets.clients) client.terminate()
  upstream.closeAllConnections()
  await new Promise((closed) => upstream.close(closed))
})

const open = (token: string, headers: Record<string, string> = {}): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${edge.port}/v1/stream?bot=a`, { headers: { authorization: `Bearer ${token}`, ...headers } })

it('passes key, query and frames on, with the address of the client', async () => {
  const socket = open('good', { 'x-forwarded-for': '192.0.2.1' })
  await once(socket, 'open')
  socket.send('x'.repeat(100_000))
  expect(String((await once(socket, 'message'))[0])).toHaveLength(100_000)
  expect([asked.at(-1)?.url, asked.at(-1)?.headers['x-forwarded-for']]).toEqual(['/v1/stream?bot=a', '192.0.2.1, 127.0.0.1'])
  const [client] = sockets.clients
  client!.close(1008, 'the key counts no more')
  expect((await once(socket, 'close'))[0]).toBe(1008)
})

it('passes nothing else on', async () => {
  const orders = {
    te: 'trailers',
    'keep-alive': 'timeout=5',
    cookie: 'a=b',
    via: '1.1 x',
    forwarded: 'for=127.0.0.1',
    'x-real-ip': '127.0.0.1',
    'proxy-authorization': 'x',
    origin: 'http://localhost',
  }
  const socket = open('good', orders)
  await once(socket, 'open')
  const known = [
    'authorization',
    'connection',
    'host',
    'sec-websocket-extensions',
    'sec-websocket-key',
    'sec-websocket-version',
    'upgrade',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-hms-client',
  ]
  expect(Object.keys(asked.at(-1)!.headers).toSorted()).toEqual(known)
  socket.terminate()
})

it('ends with whichever side goes', async () => {
  const socket = open('good')
  await once(socket, 'open')
  const [client] = [...sockets.clients].filter(({ readyState }) => readyState === WebSocket.OPEN)
  const gone = once(client!, 'close')
  socket.terminate()
  expect((await gone)[0]).toBe(1006)
})

it('gives the refusal of config-store to the reader, with its body', async () => {
  const [, response] = (await once(
    open('bad').on('error', () => {}),
    'unexpected-response',
  )) as [unknown, IncomingMessage]
  let body = ''
  for await (const chunk of response) body += String(chunk)
  expect([response.statusCode, response.headers['content-type'], body]).toEqual([
    403,
    'application/problem+json',
    '{"code":"HMS_AUTH_SCOPE"}',
  ])
})

it.each(['//127.0.0.1:9/v1/stream', 'http://127.0.0.1:9/v1/stream', '/v1/policies', '//'])(
  'forwards to no other path: %s',
  async (target) => {
    const before = asked.length
    const socket = dial(edge.port, '127.0.0.1')
    socket.write(
      `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 404 /)
    expect(asked).toHaveLength(before)
  },
)

it('passes the key of other requests on too', async () => {
  const seen = (await (
    await fetch(`http://127.0.0.1:${edge.port}/v1/policies`, { headers: { authorization: 'Bearer good' } })
  ).json()) as Record<string, string>
  expect([seen['authorization'], seen['x-forwarded-for']]).toEqual(['Bearer good', '127.0.0.1'])
})

it('returns 503 while no config-store responds', async () => {
  const lonely = await serveEdge({ HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_CONFIG_STORE_URLS: 'http://127.0.0.1:9' })
  const socket = new WebSocket(`ws://127.0.0.1:${lonely.port}/v1/stream`).on('error', () => {})
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '2'])
  socket.terminate()
  await lonely.stop()
})
