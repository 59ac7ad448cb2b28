import Fastify, { type FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '#libs/platform'
import { addConsole } from './console.js'

interface Asked {
  method: string
  path: string
  authorization: string | undefined
}

const KEY = 'hms_0123456789ab_consoles-own-key'
const own = { authorization: 'Bearer hms_ba9876543210_of-the-caller' }
const servers: FastifyInstance[] = []
let service: Server
let asked: Asked[] = []

beforeEach(async () => {
  service = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    asked.push({ method, path: url, authorization: headers.authorization })
    request.resume()
    const problem = { status: 401, code: 'HMS_AUTH_REQUIRED', detail: 'This needs a key.' }
    response.writeHead(headers.authorization === undefined ? 401 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(headers.authorization === undefined ? problem : []))
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  // Pages wait 2.5 s for a service, which a busy machine may need for its first request.
  await (await fetch(`http://127.0.0.1:${(service.address() as AddressInfo).port}`)).text()
  asked = []
})
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
  service.closeAllConnections()
  service.close()
})

function consoleWith(key: string | undefined): FastifyInstance {
  const server = Fastify()
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  addConsole(server, { urlsOf: () => [url], clock: systemClock, key })
  servers.push(server)
  return server
}

const page = (server: FastifyInstance, url: string, headers: Record<string, string> = {}) =>
  server.inject({ url, headers: { accept: 'text/html', ...headers } })
const keysOfApi = (): (string | undefined)[] => [
  ...new Set(asked.filter(({ path }) => path !== '/readyz').map(({ authorization }) => authorization)),
]

describe('a console without a key of its own', () => {
  it('reads with the key of the request alone', async () => {
    const server = consoleWith(undefined)
    await page(server, '/runs')
    expect(keysOfApi()).toEqual([undefined])
    await page(server, '/runs', own)
    expect(keysOfApi()).toEqual([undefined, own.authorization])
  })
})

describe("the console's own key", () => {
  it.each(['/runs', '/policies', '/audit', '/console/pane-frame', '/audit/export?format=csv'])(
    'reads %s for a caller without a key',
    async (path) => {
      await page(consoleWith(KEY), path)
      expect(keysOfApi()).toEqual([`Bearer ${KEY}`])
    },
  )

  it('reads for a caller with the login of a proxy, which is no key of ours', async () => {
    await page(consoleWith(KEY), '/runs', { authorization: 'Basic cGVyc29uOnNlY3JldA==' })
    expect(keysOfApi()).toEqual([`Bearer ${KEY}`])
  })

  it('is used after the key of the request: a caller with a key sees what that key may see', async () => {
    await page(consoleWith(KEY), '/runs', own)
    expect(keysOfApi()).toEqual([own.authorization])
  })

  it('reads for a caller who follows a page', async () => {
    const server = consoleWith(KEY)
    await server.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.server.address() as AddressInfo
    const response = await fetch(`http://127.0.0.1:${port}/console/live?page=/runs`)
    const reader = response.body!.getReader()
    for (let text = ''; !text.includes('data:');) text += new TextDecoder().decode((await reader.read()).value)
    await reader.cancel()
    expect(keysOfApi()).toEqual([`Bearer ${KEY}`])
  })

  it.each(['/receipts/abc', '/unsubscribe/abc'])(
    'is not shown at %s, which its holder may open also when the key has expired',
    async (path) => {
      await page(consoleWith(KEY), path)
      expect(keysOfApi()).toEqual([undefined])
    },
  )

  it('sends no form of any kind', async () => {
    const server = consoleWith(KEY)
    const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
    const post = (url: string, fields: Record<string, string>) =>
      server.inject({ method: 'POST', url, headers: form, payload: new URLSearchParams(fields).toString() })
    expect((await post('/approvals', { text: 'id: a' })).statusCode).toBe(403)
    await post('/approvals', { 'rollback-policy': 'a', 'rollback-version': '1.0.0' })
    await post('/signatures', { path: '/v1/approvals', envelopes: '' })
    await post('/receipts/abc', {})
    await post('/unsubscribe/abc', {})
    const written = asked.filter(({ method }) => method === 'POST')
    expect(written.length).toBeGreaterThanOrEqual(4)
    expect(written.filter(({ authorization }) => authorization !== undefined)).toEqual([])
  })
})
