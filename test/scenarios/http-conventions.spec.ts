import { request, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { signRequest } from '#libs/signing'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

let system: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
beforeAll(async () => {
  system = await startMemorySystem()
  const services = ['APPROVER', 'LINTER', 'SIMULATOR', 'CANARY_CONTROLLER', 'ROLLOUT', 'NOTIFIER', 'CONFIG_STORE', 'AUDIT']
  const urls = Object.fromEntries(services.map((name) => [`HMS_${name}_URLS`, system.url]))
  edge = await serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent', ...urls })
})
afterAll(async () => {
  await edge.stop()
  await system.stop()
})

const doors = { 'a service': () => system.url, 'the edge': () => `http://127.0.0.1:${edge.port}` }

/** As a client does that decodes nothing and adds no header. */
function ask(base: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (response: IncomingMessage, parts: Buffer[]): void =>
      resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) })
    request(base + path, { method, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part)).on('end', () => settle(response, parts))
    })
      .on('error', reject)
      .end()
  })
}
const GZIP = { 'accept-encoding': 'gzip' }

describe.each(Object.entries(doors))('%s', (name, base) => {
  const isEdge = name === 'the edge'
  const get = (path: string, headers?: Record<string, string>, method?: string): Promise<Answer> => ask(base(), path, headers, method)

  it.each(['/v1/policies', '/v1/runs', '/v1/nothing'])('says of %s: nosniff, how long to keep it, and by what it varies', async (path) => {
    const { status, headers } = await get(path)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['cache-control']).toBe(status === 200 ? 'private, no-cache' : 'no-store')
    expect(headers['vary']).toBe('authorization, accept-encoding')
  })

  it('says so of a stream of events too, and neither compresses nor holds it back', async () => {
    const [headers, text] = await new Promise<[Record<string, unknown>, string]>((resolve, reject) => {
      const stream = request(`${base()}/v1/events`, { headers: { ...GZIP, accept: 'text/event-stream' } }, (response) => {
        response.once('data', (part: Buffer) => {
          resolve([response.headers, part.toString()])
          stream.destroy()
        })
      })
      stream.on('error', reject).end()
    })
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    expect([headers['content-encoding'], text.slice(0, 3)]).toEqual([undefined, 'id:'])
  })

  it('compresses once what has at least 1 KiB, for who takes it; a later request with its ETag gets 304 and the same ETag', async () => {
    const [plain, packed] = [await get('/v1/topics'), await get('/v1/topics', GZIP)]
    expect([plain.headers['content-encoding'], packed.headers['content-encoding']]).toEqual([undefined, 'gzip'])
    expect(JSON.parse(gunzipSync(packed.body).toString())).toEqual(JSON.parse(plain.body.toString()))
    expect(packed.headers['etag']).toBe(`W/${String(plain.headers['etag'])}`)
    expect(packed.headers['content-length']).toBe(String(packed.body.length))
    const etag = String(packed.headers['etag'])
    const again = await get('/v1/topics', { ...GZIP, 'if-none-match': etag })
    expect([again.status, again.headers['etag'], again.body.length]).toEqual([304, etag, 0])
    expect(again.headers['vary']).toBe('authorization, accept-encoding')
    for (const refused of ['identity', 'gzip;q=0, *', 'br', '*;q=0'])
      expect((await get('/v1/topics', { 'accept-encoding': refused })).headers['content-encoding'], refused).toBeUndefined()
    expect((await get('/v1/runs', GZIP)).headers['content-encoding']).toBeUndefined()
  })

  it('sends the headers of a GET for its HEAD, without a body', async () => {
    const [{ headers }, head] = [await get('/v1/topics'), await get('/v1/topics', {}, 'HEAD')]
    expect([head.status, head.headers['etag'], head.body.length]).toEqual([200, headers['etag'], 0])
  })

  it('says with each 401 what it takes', async () => {
    const wrong = await get('/v1/policies', { authorization: 'Bearer hms_no_no' })
    expect(wrong.status).toBe(401)
    expect(wrong.headers['www-authenticate']).toBe('Bearer realm="HMS-SVC", error="invalid_token", HMS-Statement realm="HMS-SVC"')
    const none = await get('/v1/bots', { 'content-type': 'application/json', 'content-length': '0' }, 'POST')
    expect([none.status, none.headers['www-authenticate']]).toEqual([401, 'Bearer realm="HMS-SVC", HMS-Statement realm="HMS-SVC"'])
    const signed = await get('/v1/tokens', { 'content-type': 'application/json', 'content-length': '0' }, 'POST')
    expect([signed.status, signed.headers['www-authenticate']]).toEqual([401, 'HMS-Statement realm="HMS-SVC"'])
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    }
    const stream = await get('/v1/stream', { ...upgrade, authorization: 'Bearer hms_no_no' })
    expect([stream.status, stream.headers['www-authenticate']]).toEqual([401, 'Bearer realm="HMS-SVC", HMS-Statement realm="HMS-SVC"'])
  })

  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND'])(
    'has 404 for %s of a path that nothing serves',
    async (method) => {
      for (const path of ['/ofrep/v9/evaluate/flags', '/v1/nothing', '/nothing', '/v1'])
        expect([path, (await get(path, { 'content-length': '0' }, method)).status]).toEqual([path, 404])
    },
  )

  it.each([
    ['GET', '/v1/lint', 'OPTIONS, POST'],
    ['HEAD', '/v1/lint', 'OPTIONS, POST'],
    ['DELETE', '/v1/runs', 'GET, HEAD, OPTIONS'],
    ['PROPFIND', '/v1/runs/7', 'GET, HEAD, OPTIONS'],
    ['PUT', '/v1/approvals', 'GET, HEAD, OPTIONS, POST'],
    ['GET', '/v1/rollbacks', 'OPTIONS, POST'],
    ['PATCH', '/livez', 'GET, HEAD, OPTIONS'],
    ['GET', '/ofrep/v1/evaluate/flags', 'OPTIONS, POST'],
  ])('has 405 with a true Allow for %s %s, and answers OPTIONS by it', async (method, path, allow) => {
    const refused = await get(path, { 'content-length': '0' }, method)
    expect([refused.status, refused.headers['allow']]).toEqual([405, allow])
    const options = await get(path, {}, 'OPTIONS')
    expect([options.status, options.headers['allow'], options.body.length]).toEqual([204, allow, 0])
  })

  it('names the page of an error by the address that the client used', async () => {
    const { type } = JSON.parse((await get('/v1/runs/999')).body.toString()) as { type: string }
    expect(type).toBe(`${base()}/docs/errors/HMS_RUN_NOT_FOUND`)
    const elsewhere = await get('/v1/runs/999', { host: 'localhost:99', 'x-forwarded-proto': 'https' })
    expect(JSON.parse(elsewhere.body.toString())).toMatchObject({ type: 'https://localhost:99/docs/errors/HMS_RUN_NOT_FOUND' })
  })

  it.runIf(isEdge)('has a security.txt that has not expired, and an icon', async () => {
    const { headers, body } = await get('/.well-known/security.txt', { host: 'localhost:80' })
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(body.toString()).toMatch(/^Contact: mailto:security@localhost\nExpires: \d{4}-\d\d-\d\dT[\d:.]+Z\n/)
    expect(Date.parse(/Expires: (.*)/.exec(body.toString())![1]!)).toBeGreaterThan(Date.now())
    expect((await get('/favicon.ico')).headers['content-type']).toBe('image/svg+xml')
  })

  it.runIf(isEdge)('compresses pages, but none that may show what its address asks for', async () => {
    const html = { ...GZIP, accept: 'text/html' }
    expect((await get('/runs', html)).headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept, authorization, accept-encoding' })
    expect((await get('/search?q=pm25', html)).headers['content-encoding']).toBeUndefined()
  })
})

/** Lists that this system fills, each with the member that identifies an item. */
const LISTS = {
  '/v1/bots': 'id',
  '/v1/corpora': 'id',
  '/v1/scenarios': 'id',
  '/v1/schemas': 'name',
  '/v1/partners': 'id',
  '/v1/runs': 'run',
  '/v1/approvals?state=open': 'digest',
  '/v1/audit/entries': 'index',
  '/v1/audit/entries?order=newest': 'index',
  '/v1/topics': 'topic',
  '/v1/groups/approver': 'topic',
  '/v1/tokens': 'id',
  '/v1/freezes': 'id',
  '/v1/deliveries': 'id',
  '/v1/policies': 'id',
  '/v1/policies/epa-c/history': 'seq',
  '/v1/roster': 'version',
}

describe('each list', () => {
  beforeAll(async () => {
    const people = new PipelineDriver(system)
    let minor = 0
    for (const id of ['in-e', 'in-b', 'in-d', 'in-a', 'in-c']) {
      const channels = [{ webhook: { url: 'http://127.0.0.1:9/', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' } }]
      await post('/v1/partners', { id, name: id, groups: [], channels, networks: ['127.0.0.1/32'] })
    }
    for (const id of ['epa-e', 'epa-b', 'epa-d', 'epa-a', 'epa-c', 'epa-c']) {
      const version = id === 'epa-c' ? `1.${(minor++).toString()}.0` : '1.0.0'
      await people.reaches(await people.approve([`${id}@${version}=${25 + minor}`], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
    }
    for (const id of ['in-e', 'in-b', 'in-d', 'in-a', 'in-c']) {
      await post('/v1/bots', { id, source: `export const policies = ['epa-pm25-limit']\nexport default () => []\n` })
      await post('/v1/corpora', { id, format: 'csv', content: 'id,at,region,pm25\nr1,2024-01-01T00:00:00Z,NCR,30\n' })
      await post('/v1/scenarios', {
        file: `${id}.yaml`,
        source: `id: ${id}\npolicies: [epa-pm25-limit]\ncorpus: in-a\nalert: reading.pm25 > 1.0\n`,
      })
      await post('/v1/schemas', { name: id, schema: { type: 'object' } })
      await post('/v1/tokens', { scopes: ['read'], name: id })
      await people.freeze({ id, scope: `region:${id}` })
    }
    for (const id of ['epa-x', 'epa-y', 'epa-z', 'epa-v', 'epa-w']) await people.prepare([`${id}@1.0.0=25`])
  })

  it.each(Object.entries(LISTS))('%s leads on by Link until it is whole, in its order, once each', async (path, key) => {
    const whole = keys(await json(path), key)
    expect(whole.length).toBeGreaterThan({ '/v1/roster': 0, '/v1/policies/epa-c/history': 1 }[path] ?? 4)
    const found: unknown[] = []
    let next: string | undefined = `${path}${path.includes('?') ? '&' : '?'}limit=2`
    for (let pages = 0; next !== undefined && pages < 500; pages++) {
      const response: Response = await fetch(new URL(next, system.url))
      const page = keys((await response.json()) as object[], key)
      expect(page.length).toBeLessThanOrEqual(2)
      found.push(...page)
      next = linkOf(response)
      expect(page.length).toBe(next === undefined ? page.length : 2)
    }
    expect(found).toEqual(whole)
  })

  it.each(Object.keys(LISTS))('%s refuses a cursor that is none of its own, and a wrong limit', async (path) => {
    const of = async (query: string): Promise<unknown[]> => {
      const response = await fetch(`${system.url}${path}${path.includes('?') ? '&' : '?'}${query}`)
      return [response.status, ((await response.json()) as { code?: string }).code]
    }
    const foreign = linkOf(await fetch(`${system.url}${path === '/v1/bots' ? '/v1/schemas' : '/v1/bots'}?limit=1`))!
    const cursor = new URL(foreign, system.url).searchParams.get('cursor')!
    for (const wrong of ['', 'x', 'bnVsbA', '%00', cursor])
      expect([wrong, ...(await of(`cursor=${wrong}`))]).toEqual([
        wrong,
        400,
        expect.stringMatching(/^HMS_HTTP_(CURSOR_INVALID|BAD_REQUEST)$/),
      ])
    for (const wrong of ['0', '-1', '1.5', 'a', '100000', '1&limit=2'])
      expect([wrong, ...(await of(`limit=${wrong}`))]).toEqual([wrong, 400, 'HMS_HTTP_QUERY_INVALID'])
    expect(await of('cursor=a&cursor=b')).toEqual([400, 'HMS_HTTP_QUERY_INVALID'])
  })

  it('goes on where it was when items are added before, and when the last one of a page is gone', async () => {
    const first = await fetch(`${system.url}/v1/bots?limit=2`)
    expect(keys((await first.json()) as object[], 'id')).toEqual(['in-a', 'in-b'])
    await post('/v1/bots', { id: 'in-aa', source: `export const policies = ['epa-pm25-limit']\nexport default () => []\n` })
    expect(keys(await json(linkOf(first)!), 'id')).toEqual(['in-c', 'in-d'])
    const gone = Buffer.from(JSON.stringify(['/v1/bots', 'in-bb', 3])).toString('base64url')
    expect(keys(await json(`/v1/bots?limit=2&cursor=${gone}`), 'id')).toEqual(['in-c', 'in-d'])
  })
})

const keys = (items: object[], key: string): unknown[] => items.map((item) => (item as Record<string, unknown>)[key])
const json = async (path: string): Promise<object[]> => (await (await fetch(new URL(path, system.url))).json()) as object[]
const linkOf = (response: Response): string | undefined => /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]

async function post(path: string, value: object): Promise<unknown> {
  const body = Buffer.from(JSON.stringify(value))
  const authorization = await signRequest(system.operator, {
    method: 'POST',
    path,
    body,
    at: system.clock.now(),
    audience: system.roster.installation,
  })
  const response = await fetch(system.url + path, { method: 'POST', headers: { 'content-type': 'application/json', authorization }, body })
  const answer: unknown = await response.json()
  expect([path, response.status, answer]).toEqual([path, expect.toSatisfy((status: number) => status < 300), answer])
  return answer
}
