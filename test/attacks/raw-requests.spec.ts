import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { silentLogger } from '#libs/platform'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { serveSample, type SampleSidecar } from '../../apps/sidecar/src/testing/serve-sample.js'
import { createWitnessServer } from '../../apps/witness/src/witness-server.js'
import { witnessNamed } from '../support/log-instance.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

/** Requests as no client of ours writes them, byte by byte, to every process that listens. */

let system: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
const witness = createWitnessServer(witnessNamed('example.org/witness'), silentLogger)
let witnessPort = 0
let sidecar: SampleSidecar
beforeAll(async () => {
  system = await startMemorySystem()
  const urls = Object.fromEntries(SERVICES.map((name) => [`HMS_${name.toUpperCase().replaceAll('-', '_')}_URLS`, system.url]))
  edge = await serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', ...urls })
  sidecar = await serveSample()
  witnessPort = Number(new URL(await witness.listen({ port: 0, host: '127.0.0.1' })).port)
})
afterAll(async () => {
  await edge.stop()
  await system.stop()
  await witness.close()
  await sidecar.stop()
})

const services = (): number => Number(new URL(system.url).port)
const clients: Socket[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

/** All that comes until the server ends the connection. */
async function answerTo(port: number, bytes: string, { halfOpen = false } = {}): Promise<string> {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  clients.push(client)
  let text = ''
  client.on('error', () => {}).on('data', (data) => void (text += String(data)))
  client.write(bytes, 'latin1')
  if (halfOpen) client.end()
  await Promise.race([once(client, 'end'), once(client, 'close')])
  return text
}

const HOST = 'Host: 127.0.0.1\r\n'
const CLOSE = 'Connection: close\r\n'
const head = (line: string, ...headers: string[]): string => `${line} HTTP/1.1\r\n${headers.join('')}${CLOSE}\r\n`
const header = (text: string): string => `${text}\r\n`
const JSON_TYPE = header('content-type: application/json')
const post = (body: string, ...headers: string[]): string =>
  `${head('POST /v1/alerts', HOST, ...(headers.some((each) => /^content-type/i.test(each)) ? [] : [JSON_TYPE]), ...headers, header(`content-length: ${body.length}`))}${body}`
const chunked = (body: string, ...headers: string[]): string =>
  head('POST /v1/alerts', HOST, JSON_TYPE, header('transfer-encoding: chunked'), ...headers) + body
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
const alert = (more = ''): string => `{"id":"raw","bot":"bot-1","region":"NCR","kind":"V","value":1${more}}`
const WEBSOCKET = [
  header('Connection: Upgrade'),
  header('Upgrade: websocket'),
  header('Sec-WebSocket-Version: 13'),
  header('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='),
]

/** [what, bytes, status] */
const REFUSED: [string, string, number[]][] = [
  ['without a host', head('GET /livez'), [400, 403]],
  ['with an empty host', head('GET /livez', header('Host:')), [400, 403]],
  ['with two hosts', head('GET /livez', HOST, header('Host: evil.example')), [400]],
  ['with two hosts, the other way round', head('GET /livez', header('Host: evil.example'), HOST), [400, 403]],
  ['whose target names another host', head('GET http://evil.example/livez', HOST), [400]],
  ['whose target is a network path', head('GET //evil.example/livez', HOST), [404]],
  ['for the whole server', head('OPTIONS *', HOST), [404, 405]],
  ['with a demand of its own', head('GET /livez', HOST, header('Expect: x')), [417]],
  ['with a method that there is not', head('FOO /livez', HOST), [400]],
  ['in HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
  ['in TLS', `${'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'.repeat(20)}\r\n\r\n`, [400]],
  ['with an invalid length', head('POST /v1/alerts', HOST, JSON_TYPE, header('content-length: -1')), [400]],
  ['with a length beyond all numbers', head('POST /v1/alerts', HOST, JSON_TYPE, header(`content-length: ${'9'.repeat(30)}`)), [400]],
  ['with a length and chunks', chunked('0\r\n\r\n', header('content-length: 4')), [400]],
  ['with two codings', chunked('0\r\n\r\n', header('transfer-encoding: identity')), [400]],
  ['with a chunk that has no size', chunked('zz\r\n{}\r\n0\r\n\r\n'), [400, 404, 405]],
  ['with a folded header', head('GET /livez', HOST, header('x: a'), header(' b')), [400]],
  ['with a NUL in a header', head('GET /livez', HOST, header('x: a\0b')), [400]],
  ['with lines that end half', 'GET /livez HTTP/1.1\nHost: 127.0.0.1\n\n', [400]],
  ['with more headers than fit', head('GET /livez', HOST, header(`x: ${'y'.repeat(20_000)}`)), [431]],
]

describe.each<[string, () => number]>([
  ['services', services],
  ['edge', () => edge.port],
  ['witness', () => witnessPort],
  ['side-car', () => sidecar.port],
])('the %s', (_door, port) => {
  it.each(REFUSED)('refuse a request %s with a problem, and still serve the next', async (_what, bytes, statuses) => {
    const text = await answerTo(port(), bytes)
    expect(statuses).toContain(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]))
    expect(text).toMatch(/content-type: application\/problem\+json/i)
    expect(text).toMatch(/"code":"HMS_(HTTP|SIDECAR)_/)
    expect(await answerTo(port(), head('GET /livez', HOST))).toMatch(/^HTTP\/1\.1 200/)
  })

  it('refuse CONNECT', async () => {
    expect(await answerTo(port(), 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n')).not.toMatch(/ 200 /)
  })

  it('respond to each of a hundred requests sent at once, and to none behind a broken one', async () => {
    const more = `GET /livez HTTP/1.1\r\n${HOST}\r\n`
    const count = (text: string): number => text.match(/HTTP\/1\.1 200/g)?.length ?? 0
    expect(count(await answerTo(port(), more.repeat(99) + head('GET /livez', HOST)))).toBe(100)
    expect(count(await answerTo(port(), `zzzz\r\n\r\n${more.repeat(9)}`))).toBe(0)
  })

  it('respond to a client that closed its side, and close theirs', async () => {
    expect(await answerTo(port(), head('GET /livez', HOST), { halfOpen: true })).toMatch(/^HTTP\/1\.1 200/)
    expect(await answerTo(port(), `GET /livez HTTP/1.1\r\n${HOST}`, { halfOpen: true })).not.toMatch(/ 200 /)
  })
})

describe.each<[string, () => number]>([
  ['services', services],
  ['edge', () => edge.port],
])('a body that comes to the %s', (_door, port) => {
  it.each<[string, string, number, string]>([
    ['that is compressed, or claims to be', post(alert(), header('content-encoding: gzip')), 415, 'HMS_HTTP_MEDIA_TYPE'],
    [
      'in another encoding, or declared so',
      post(alert(), header('content-type: application/json; charset=utf-16')),
      415,
      'HMS_HTTP_MEDIA_TYPE',
    ],
    ['with bytes that are no UTF-8', post(alert(',"policy":"\xff\xfe"')), 400, 'HMS_HTTP_BODY_INVALID'],
    ['with a NUL in two bytes', post(alert(',"policy":"\xc0\x80"')), 400, 'HMS_HTTP_BODY_INVALID'],
    ['with half a surrogate pair in bytes', post(alert(',"policy":"\xed\xa0\x80"')), 400, 'HMS_HTTP_BODY_INVALID'],
    ['with a prototype in escapes', post(alert(String.raw`,"reading":{"\u005f_proto__":{"a":1},"id":"r"}`)), 400, 'HMS_HTTP_BAD_REQUEST'],
    ['with a number of ten thousand digits', post(alert(`,"reading":{"id":"r","x":${'1'.repeat(10_000)}}`)), 400, 'HMS_HTTP_BODY_INVALID'],
    [
      'larger than its route takes, in chunks',
      chunked(`${chunk(alert(`,"policy":"${'x'.repeat(1_000_000)}"`))}0\r\n\r\n`),
      413,
      'HMS_HTTP_BODY_TOO_LARGE',
    ],
    ['larger than its route takes, at once', post(alert(`,"policy":"${'x'.repeat(1_000_000)}"`)), 413, 'HMS_HTTP_BODY_TOO_LARGE'],
    ['with extensions of a chunk without end', chunked(`2;${'a=b;'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`), 400, 'HMS_HTTP_BAD_REQUEST'],
    [
      'with trailers without end',
      chunked(`${chunk('{}')}0\r\n${header(`x: ${'y'.repeat(40)}`).repeat(2_000)}\r\n`),
      431,
      'HMS_HTTP_HEADERS_TOO_LARGE',
    ],
  ])('%s is refused with the reason', async (_what, bytes, status, code) => {
    const text = await answerTo(port(), bytes)
    expect([Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]), /"code":"(\w+)"/.exec(text)?.[1]]).toEqual([status, code])
  })

  it('one byte at a time is one body', async () => {
    const text = await answerTo(port(), chunked(`${[...alert(`,"policy":"chunks-${port()}"`)].map(chunk).join('')}0\r\n\r\n`))
    expect(text).toMatch(/^HTTP\/1\.1 202/)
  })
})

describe.each<[string, () => number]>([
  ['services', services],
  ['edge', () => edge.port],
])('an upgrade of the %s', (_door, port) => {
  it.each<[string, string]>([
    ['of a POST', `POST /v1/stream HTTP/1.1\r\n${HOST}${WEBSOCKET.join('')}content-length: 0\r\n\r\n`],
    ['to a version that there is not', `GET /v1/stream HTTP/1.1\r\n${HOST}${WEBSOCKET.join('').replace(': 13', ': 12')}\r\n`],
    ['with an invalid key', `GET /v1/stream HTTP/1.1\r\n${HOST}${WEBSOCKET.join('').replace('dGhlIHNhbXBsZSBub25jZQ==', 'x')}\r\n`],
    ['with invalid protocols', `GET /v1/stream HTTP/1.1\r\n${HOST}${WEBSOCKET.join('')}Sec-WebSocket-Protocol: a,,b\r\n\r\n`],
    ['of a path that cannot be read', `GET /v1/%ZZ HTTP/1.1\r\n${HOST}${WEBSOCKET.join('')}\r\n`],
  ])('%s is refused, and ends nothing', async (_what, bytes) => {
    const client = connect({ port: port(), host: '127.0.0.1' })
    clients.push(client)
    client.on('error', () => {}).write(bytes, 'latin1')
    const [answer] = (await once(client, 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(await answerTo(port(), head('GET /livez', HOST))).toMatch(/^HTTP\/1\.1 200/)
  })
})

it('the edge closes the connection of a client that requests it, whatever a service responds', async () => {
  expect(await answerTo(edge.port, head('GET /v1/policies', HOST))).toMatch(/connection: close/i)
})
