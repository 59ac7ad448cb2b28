import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { signedBy } from '#libs/client'
import type { IssuedToken, OfrepBulk, OfrepFailure, TokenRequest, TokenView } from '#libs/contracts'
import { LooseApi } from '../support/loose-api.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

const DASHBOARD = 'https://dashboard.example'
const FLAGS = '/ofrep/v1/evaluate/flags'
const BODY = JSON.stringify({ context: { targetingKey: 'page-1' } })

let production: MemorySystem
let dev: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
let productionEdge: Awaited<ReturnType<typeof serveEdge>>
beforeAll(async () => {
  const named = { HMS_HTTP_CORS_ORIGINS: `${DASHBOARD}, https://other.example:8443` }
  production = await startMemorySystem({ HMS_PROFILE: 'production', ...named })
  dev = await startMemorySystem(named)
  const portOf = ({ url }: MemorySystem): string => new URL(url).port
  const quiet = { HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', ...named }
  edge = await serveEdge({ ...quiet, HMS_PROFILE: 'dev', HMS_CONFIG_STORE_PORT: portOf(dev) })
  productionEdge = await serveEdge({ ...quiet, HMS_PROFILE: 'production', HMS_CONFIG_STORE_PORT: portOf(production) })
})
afterAll(async () => {
  await edge.stop()
  await productionEdge.stop()
  await production.stop()
  await dev.stop()
})

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  text: string
}
async function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'POST',
  body: string | undefined = BODY,
): Promise<Answer> {
  const type = method === 'POST' ? { 'content-type': 'application/json' } : {}
  const call = request({ port, host: '127.0.0.1', path, method, headers: { ...type, ...headers }, agent: false })
  call.end(method === 'POST' ? body : undefined)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  if (response.headers['content-type'] === 'text/event-stream') {
    response.destroy()
    return { status: response.statusCode ?? 0, headers: response.headers, text: '' }
  }
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}
const operator = (): LooseApi =>
  new LooseApi({
    url: production.url,
    authorize: signedBy(production.operator, production.roster.installation, () => production.clock.now()),
  })
const make = (): Promise<IssuedToken> => operator().post('/v1/tokens', { scopes: ['read'] } satisfies TokenRequest)
const doors: [string, () => number][] = [
  ['the services', () => Number(new URL(production.url).port)],
  ['the edge', () => productionEdge.port],
]

describe.each(doors)('with profile production, at %s', (_what, port) => {
  it('evaluations and events require a key, and the refusal follows the protocol', async () => {
    for (const path of [FLAGS, `${FLAGS}/pm25`]) {
      const { status, headers, text } = await ask(port(), path)
      const failure = JSON.parse(text) as OfrepFailure
      expect([status, headers['content-type'], failure.errorCode, failure.metadata.code]).toEqual([
        401,
        'application/json; charset=utf-8',
        'GENERAL',
        'HMS_AUTH_REQUIRED',
      ])
    }
    for (const query of ['', '?key=', '?key=x', `?key=${'0'.repeat(12)}.${'A'.repeat(43)}`])
      expect((await ask(port(), `/ofrep/v1/events${query}`, {}, 'GET')).status).toBe(401)
  })

  it('either header can contain the key, and the address of the stream opens it any number of times, and nothing else', async () => {
    const { token } = await make()
    const bulk = async (headers: Record<string, string>): Promise<string> => {
      const { status, text } = await ask(port(), FLAGS, headers)
      expect(status).toBe(200)
      return (JSON.parse(text) as OfrepBulk).eventStreams![0]!.endpoint.requestUri
    }
    const address = await bulk({ authorization: `Bearer ${token}` })
    expect(await bulk({ 'x-api-key': token })).toBe(address)
    expect(address).not.toContain(token.slice(-43))
    for (let times = 0; times < 2; times++) expect((await ask(port(), address, {}, 'GET')).status).toBe(200)
    const key = address.slice(address.indexOf('?'))
    expect((await ask(port(), `/v1/policies${key}`, {}, 'GET')).status).not.toBe(200)
    expect((await ask(port(), `${FLAGS}${key}`)).status).toBe(401)
    expect((await ask(port(), '/v1/policies', { 'x-api-key': token }, 'GET')).status).toBe(401)
  })

  it('a revoked key closes its stream, and with the next key a 304 does not leave the old address', async () => {
    const [old, next] = [await make(), await make()]
    const first = await ask(port(), FLAGS, { 'x-api-key': old.token })
    const address = (JSON.parse(first.text) as OfrepBulk).eventStreams![0]!.endpoint.requestUri
    const call = request({ port: port(), host: '127.0.0.1', path: address, agent: false }).end()
    const [stream] = (await once(call, 'response')) as [IncomingMessage]
    const ended = new Promise((resolve) => stream.on('error', () => {}).once('close', resolve))
    stream.resume()
    await operator().post<TokenView>(`/v1/tokens/${old.id}/revoke`, {})
    await ended
    expect((await ask(port(), address, {}, 'GET')).status).toBe(401)
    expect((await ask(port(), FLAGS, { 'x-api-key': old.token, 'if-none-match': first.headers.etag! })).status).toBe(401)
    expect((await ask(port(), FLAGS, { 'x-api-key': next.token, 'if-none-match': first.headers.etag! })).status).toBe(200)
  })
})

const places: [string, () => number][] = [
  ['the services of a developer', () => Number(new URL(dev.url).port)],
  ['the edge of a developer', () => edge.port],
  ['the services', () => Number(new URL(production.url).port)],
  ['the edge', () => productionEdge.port],
]

describe.each(places)('a page of another site, at %s', (_what, port) => {
  const preflight = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }

  it('may evaluate by OFREP when its origin is named, and reads nothing else', async () => {
    for (const origin of [DASHBOARD, 'https://other.example:8443']) {
      const asked = await ask(port(), FLAGS, { origin, ...preflight }, 'OPTIONS')
      expect([asked.status, asked.headers['access-control-allow-origin'], asked.headers['access-control-allow-methods']]).toEqual([
        204,
        origin,
        'GET, POST',
      ])
      const { headers } = await ask(port(), FLAGS, { origin })
      expect([headers['access-control-allow-origin'], headers['vary'], headers['access-control-expose-headers']]).toEqual([
        origin,
        'Origin',
        'etag, retry-after',
      ])
    }
    const other = await ask(port(), '/v1/policies', { origin: DASHBOARD }, 'GET')
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
  })

  it.each([
    'https://dashboard.example.evil.example',
    'http://dashboard.example',
    'https://dashboard.example:444',
    'null',
    'https://evil.example',
  ])('reads nothing when its origin is not named: %s', async (origin) => {
    for (const method of ['OPTIONS', 'POST']) {
      const { status, headers } = await ask(port(), FLAGS, { origin, ...preflight }, method)
      expect([headers['access-control-allow-origin'], status === 204]).toEqual([undefined, false])
    }
  })
})

it('a named page is refused all the same under a name that was made to point here', async () => {
  const { status, text } = await ask(edge.port, FLAGS, { origin: DASHBOARD, host: 'evil.example' })
  expect([status, (JSON.parse(text) as OfrepFailure).metadata.code]).toEqual([403, 'HMS_HTTP_FOREIGN'])
})

it.each(['https://dashboard.example/', '*', 'dashboard.example', 'https://a@b.example', 'https://*.example'])(
  'a process does not start with the origin %s',
  async (origin) => {
    await expect(serveEdge({ HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', HMS_HTTP_CORS_ORIGINS: origin })).rejects.toMatchObject({
      code: 'HMS_CONFIG_INVALID',
    })
  },
)
