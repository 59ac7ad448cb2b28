import type { Problem } from '#libs/contracts'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { answerUpgrade, serveUpgrades, type Upgrade } from './serve-upgrades.js'

let server: Server
let open: (upgrade: Upgrade) => void | Promise<void>
let close: () => void
let clients: Socket[]
beforeEach(async () => {
  clients = []
  open = ({ socket }) => void socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    response.end(`${request.method} ${request.url} ${JSON.stringify(request.headers)} [${body}]`)
  })
  close = serveUpgrades(server, {
    path: '/v1/stream',
    open: (upgrade) => open(upgrade),
    problemOf: (error) =>
      ({ status: (error as { status?: number }).status ?? 500, code: (error as { code?: string }).code ?? 'HMS_HTTP_INTERNAL' }) as Problem,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  for (const client of clients) client.destroy()
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
})

/** Client that reads everything, on a server that leaves its side open. */
const dial = (): Socket & { text: string } => {
  const client = Object.assign(connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true }), {
    text: '',
  })
  client.on('data', (chunk) => (client.text += String(chunk)))
  client.on('error', () => {})
  clients.push(client)
  return client
}
const asking = (target: string, ...headers: string[]): string =>
  [`GET ${target} HTTP/1.1`, 'host: x', 'connection: upgrade', 'upgrade: websocket', ...headers, '', ''].join('\r\n')
const openSockets = (): Promise<number> => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
const answered = async (client: Socket & { text: string }, part: string): Promise<void> => {
  while (!client.text.includes(part)) await once(client, 'data')
}

describe('serveUpgrades', () => {
  it('responds 503 once it is closed, not that the path is unknown', async () => {
    close()
    const client = dial()
    client.write(asking('/v1/stream'))
    await answered(client, 'HMS_HTTP_UNAVAILABLE')
    expect(client.text).toMatch(/^HTTP\/1\.1 503 /)
  })

  it('opens WebSockets for its path, with the requested target', async () => {
    const asked: string[] = []
    open = ({ socket, target }) => {
      asked.push(target.pathname + target.search)
      answerUpgrade(socket, { status: 200, type: 'text/plain', body: 'in' })
    }
    const client = dial()
    client.write(asking('/v1/stream?bot=a%20b'))
    await answered(client, 'in')
    expect(asked).toEqual(['/v1/stream?bot=a%20b'])
  })

  it.each(['/', '/v1/policies', '/v1/stream/x', '//x/v1/stream', 'http://127.0.0.1/v1/stream', '//', '*', '/v1/stream%00'])(
    'responds 404 to a WebSocket for %s',
    async (target) => {
      const client = dial()
      client.write(asking(target))
      await answered(client, 'HMS_HTTP_PATH_UNKNOWN')
      expect(client.text).toMatch(/^HTTP\/1.1 404 Not Found\r\ncontent-type: application\/problem\+json\r\n/)
    },
  )

  it.each<[string, () => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw new TypeError('Trailer')
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('Trailer'))],
    [
      'throws nothing that could be described',
      () => {
        throw undefined
      },
    ],
  ])('refuses an upgrade if its handler %s, and serves the next one', async (_what, failing) => {
    open = failing
    const client = dial()
    client.write(asking('/v1/stream'))
    await once(client, 'end')
    open = ({ socket }) => answerUpgrade(socket, { status: 200, type: 'text/plain', body: 'in' })
    const next = dial()
    next.write(asking('/v1/stream'))
    await answered(next, 'in')
  })

  it.each<[string, (client: Socket) => void]>([
    ['writes a byte and closes', (client) => client.end('x')],
    ['writes a byte and stays', (client) => client.write('x')],
    ['stays silent', () => {}],
    ['closes at once', (client) => client.destroy()],
  ])('keeps no socket of a client that was refused and %s', async (_what, then) => {
    const client = dial()
    client.write(asking('/v1/elsewhere'))
    await answered(client, '404')
    then(client)
    await expect.poll(openSockets).toBe(0)
  })

  it('keeps no socket of a client that does not read its refusal', async () => {
    open = ({ socket }) => answerUpgrade(socket, { status: 403, type: 'text/plain', body: 'x'.repeat(64 * 1024 * 1024) }, 50)
    const client = dial().pause()
    client.write(asking('/v1/stream'))
    await expect.poll(openSockets).toBe(1)
    await expect.poll(openSockets).toBe(0)
  })
})

/** Whether Node's own parser serves a refused offer. It keeps the headers of the offer, and drops what the same packet has behind it. */
const IS_KEPT_BY_PARSER = Number.parseInt(process.versions.node) >= 26

describe('an offer of another protocol', () => {
  const offering = (request: string, ...headers: string[]): string =>
    [
      `${request} HTTP/1.1`,
      'Host: x',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQ',
      ...headers,
      '',
      '',
    ].join('\r\n')

  it('is served as the plain request it came with, including its body, and the connection stays open', async () => {
    const warnings: Error[] = []
    const warn = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warn)
    const client = dial()
    for (let time = 0; time < 20; time++) {
      client.write(`${offering(`POST /v1/alerts?time=${time}`, 'Content-Length: 5', 'X-Kept: \xe9')}he`, 'latin1')
      client.write('llo')
      await answered(client, `/v1/alerts?time=${time} `)
    }
    await answered(client, '[hello]')
    const offer = IS_KEPT_BY_PARSER ? { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQ' } : {}
    const headers = JSON.stringify({ host: 'x', ...offer, 'content-length': '5', 'x-kept': '\xe9' })
    expect(client.text).toContain(`POST /v1/alerts?time=19 ${headers} [hello]`)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', warn)
    expect(warnings).toEqual([])
  })

  it('is served with a chunked body, and with further requests behind it', async () => {
    const client = dial()
    const requests = [
      `${offering('POST /a', 'Transfer-Encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`,
      offering('GET /b'),
      offering('GET /c', 'Connection: close'),
    ]
    const packets = IS_KEPT_BY_PARSER ? requests : [requests.join('')]
    for (const [index, packet] of packets.entries()) {
      client.write(packet)
      if (index < packets.length - 1) await answered(client, `/${'abc'[index]} `)
    }
    await once(client, 'end')
    expect(client.text.match(/(POST|GET) \/\w .*? \[\w*\]/g)?.map((line) => line.replace(/ .* /, ' '))).toEqual([
      'POST [hello]',
      'GET []',
      'GET []',
    ])
  })

  it.each([
    ['POST', 'websocket'],
    ['GET', 'TLS/1.0'],
    ['GET', ''],
    ['HEAD', 'h2c'],
  ])('is served as a plain request, whatever is offered: %s %s', async (method, protocol) => {
    const client = dial()
    client.write(`${method} /v1/stream HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\ncontent-length: 0\r\n\r\n`)
    await answered(client, 'HTTP/1.1 200 OK')
  })
})
