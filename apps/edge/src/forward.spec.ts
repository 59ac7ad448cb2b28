import { answerProblems, silentLogger } from '#libs/platform'
import { readHttpLimits } from '#libs/process'
import Fastify, { type FastifyInstance } from 'fastify'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { forward } from './forward.js'
import { Instances } from './instances.js'

type Instance = 'gone' | 'breaking' | 'frozen' | 'slow' | 'up'
interface ReceivedRequest {
  instance: Instance
  body: string
  headers: IncomingMessage['headers']
}

/** Timeout in ms of an instance in these tests, long enough for a busy machine. */
const QUICK_MS = 1_000

const edges: FastifyInstance[] = []
const servers: Server[] = []
afterEach(async () => {
  for (const edge of edges.splice(0)) await edge.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    if (server.listening) await new Promise((closed) => server.close(closed))
  }
})

/** Starts a fake instance of a service, which adds each request it receives to `received`. */
async function instanceOf(kind: Instance, received: ReceivedRequest[]): Promise<string> {
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      received.push({ instance: kind, body, headers: request.headers })
      if (kind === 'breaking') (request.socket as Socket).destroy()
      if (kind === 'slow') setTimeout(() => response.end(']}'), 3 * QUICK_MS)
      if (kind === 'slow') response.write('{"flags":[')
      if (kind === 'up') response.end('{"flags":[]}')
    }
    void take()
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  if (kind === 'gone') await new Promise((closed) => server.close(closed))
  return url
}

/** Starts an edge in front of these instances of config-store. */
async function edgeBefore(
  ...kinds: Instance[]
): Promise<{ get(path: string, init?: RequestInit): Promise<Response>; received: ReceivedRequest[] }> {
  const received: ReceivedRequest[] = []
  const urls = await Promise.all(kinds.map((kind) => instanceOf(kind, received)))
  const edge = Fastify({ bodyLimit: 1024 * 1024, forceCloseConnections: true })
  edges.push(edge)
  answerProblems(edge, silentLogger)
  const { trusted } = readHttpLimits('dev', {}, false)
  const target = { service: 'config-store', instances: new Instances(urls), trusted, log: silentLogger, quickMs: QUICK_MS } as const
  for (const path of ['/ofrep', '/v1/policies', '/v1/alerts']) await forward(edge, path, target)
  const url = await edge.listen({ port: 0, host: '127.0.0.1' })
  return { get: (path, init) => fetch(url + path, init), received }
}

const FLAGS = '/ofrep/v1/evaluate/flags'
const CONTEXT = JSON.stringify({ context: { targetingKey: 'bot-1' } })
const posted = (body: BodyInit): RequestInit => ({ method: 'POST', headers: { 'content-type': 'application/json; charset=utf-8' }, body })
const statuses = async (times: number, one: () => Promise<Response>): Promise<number[]> => {
  const found: number[] = []
  for (let time = 0; time < times; time++) found.push((await one()).status)
  return found
}

describe('a read whose instance does not respond', () => {
  it.each(['gone', 'breaking', 'frozen'] as const)('is retried at the next instance when its own is %s, also with a body', async (kind) => {
    const reads = await edgeBefore(kind, 'up')
    expect(await statuses(4, () => reads.get('/v1/policies'))).toEqual([200, 200, 200, 200])
    const { get, received } = await edgeBefore(kind, 'up')
    expect(await statuses(4, () => get(FLAGS, posted(CONTEXT)))).toEqual([200, 200, 200, 200])
    const accepted = received.filter(({ instance }) => instance === 'up')
    expect(accepted.map(({ body }) => body)).toEqual([CONTEXT, CONTEXT, CONTEXT, CONTEXT])
    expect(accepted[0]!.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(CONTEXT.length),
    })
  })

  it('gets an error in the format of its route when no instance is left', async () => {
    const { get } = await edgeBefore('gone', 'gone')
    const answer = await get('/v1/policies')
    const detail = 'The edge reaches no instance of config-store at the moment. Try again.'
    expect(await answer.json()).toMatchObject({ status: 503, code: 'HMS_HTTP_UNAVAILABLE', detail })
    expect(answer.headers.get('retry-after')).toBe('2')
    const evaluated = await get(`${FLAGS}/a-limit`, posted(CONTEXT))
    expect([evaluated.status, await evaluated.json()]).toMatchObject([503, { key: 'a-limit', errorCode: 'GENERAL', errorDetails: detail }])
  })
})

describe('an instance that accepts a request and does not respond', () => {
  it('delays one request only, and no later request to any path', async () => {
    const { get, received } = await edgeBefore('frozen', 'up')
    expect(await statuses(6, () => get('/v1/policies'))).toEqual(Array(6).fill(200))
    expect(await statuses(4, () => get('/v1/alerts', posted('{"id":"a"}')))).toEqual(Array(4).fill(200))
    expect(received.filter(({ instance }) => instance === 'frozen')).toHaveLength(1)
  })

  it('makes a read fail with 503 when no other instance is left', async () => {
    const { get } = await edgeBefore('frozen', 'frozen')
    const answer = await get('/v1/policies/a-limit?bot=inspector-1')
    const detail = 'No instance of config-store responded in time. Try again.'
    expect(await answer.json()).toMatchObject({ status: 503, code: 'HMS_HTTP_UNAVAILABLE', detail, retryable: true })
    expect(answer.headers.get('retry-after')).toBe('2')
  })

  it('is abandoned only before its response begins; the body may be slow', async () => {
    const { get } = await edgeBefore('slow')
    expect(await (await get(FLAGS, posted(CONTEXT))).json()).toEqual({ flags: [] })
  })

  it('is not abandoned early for a read of history or a write', async () => {
    const { get } = await edgeBefore('frozen', 'up')
    const late = AbortSignal.timeout(3 * QUICK_MS)
    const received = await Promise.allSettled([
      get('/v1/policies/a-limit?at=2026-01-01T00:00:00Z', { signal: late }),
      get('/v1/alerts', { ...posted('{"id":"a"}'), signal: late }).then(() => get('/v1/alerts', { ...posted('{"id":"a"}'), signal: late })),
    ])
    expect(received.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

describe('the body of a read', () => {
  it('is forwarded unchanged, with and without a content length', async () => {
    const { get, received } = await edgeBefore('up')
    const stream = { ...posted(new Blob(['{"context"']).stream()), duplex: 'half' } as RequestInit
    expect((await get(FLAGS, stream)).status).toBe(200)
    expect(received[0]).toMatchObject({ body: '{"context"', headers: { 'content-length': '10' } })
    expect(received[0]!.headers['transfer-encoding']).toBeUndefined()
  })

  it('is refused above the limit of every service, and not buffered', async () => {
    const { get, received } = await edgeBefore('up')
    const answer = await get(`${FLAGS}/a-limit`, posted('x'.repeat(70_000)))
    expect([answer.status, await answer.json(), received]).toMatchObject([413, { key: 'a-limit', errorCode: 'PARSE_ERROR' }, []])
  })
})

it('sends a write to one instance only, and fails when that instance is gone', async () => {
  const { get, received } = await edgeBefore('gone', 'up')
  expect(await statuses(2, () => get('/v1/alerts', posted('{"id":"a"}')))).toEqual([503, 200])
  expect(received.map(({ body }) => body)).toEqual(['{"id":"a"}'])
})

it('forwards a tracestate only with the trace that it belongs to', async () => {
  const { get, received } = await edgeBefore('up')
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  for (const traceparent of [`00-${trace}-00f067aa0ba902b7-01`, `00-${trace}-bad`]) {
    await get('/v1/alerts', { ...posted('{}'), headers: { 'content-type': 'application/json', traceparent, tracestate: 'a=1' } })
  }
  expect(received.map(({ headers }) => headers['tracestate'])).toEqual(['a=1', undefined])
})
