import { answerProblems, documentedRoutes, silentLogger, validateRequestHeads } from '#libs/platform'
import { readHttpLimits } from '#libs/process'
import Fastify, { type FastifyInstance } from 'fastify'
import { EventEmitter, once } from 'node:events'
import {
  createServer,
  request as requestHttp,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  type Server,
} from 'node:http'
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

/** Starts a fake instance of a service, which adds each request it receives to `received`, or calls the given listener. */
async function instanceOf(kind: Instance | RequestListener, received: ReceivedRequest[]): Promise<string> {
  const server = createServer((request, response) => {
    if (typeof kind === 'function') return kind(request, response)
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
  ...kinds: (Instance | RequestListener)[]
): Promise<{ get(path: string, init?: RequestInit): Promise<Response>; received: ReceivedRequest[]; port: number }> {
  const received: ReceivedRequest[] = []
  const urls = await Promise.all(kinds.map((kind) => instanceOf(kind, received)))
  const edge = Fastify({ bodyLimit: 1024 * 1024, forceCloseConnections: true })
  edges.push(edge)
  validateRequestHeads(edge, documentedRoutes())
  answerProblems(edge, silentLogger)
  const { trusted } = readHttpLimits('dev', {}, false)
  const target = { service: 'config-store', instances: new Instances(urls), trusted, log: silentLogger, quickMs: QUICK_MS } as const
  await forward(edge, ['/ofrep', '/v1/policies', '/v1/alerts'], target)
  const url = await edge.listen({ port: 0, host: '127.0.0.1' })
  return { get: (path, init) => fetch(url + path, init), received, port: Number(new URL(url).port) }
}

/** Sends a request whose target and headers are not rewritten, as `fetch` would. */
async function raw(options: RequestOptions): Promise<{ response: IncomingMessage; body: string }> {
  const call = requestHttp({ host: '127.0.0.1', ...options }).end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return { response, body }
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

it('answers a method that no service takes by itself, with the methods of the path', async () => {
  const { get, received } = await edgeBefore('up')
  for (const [method, status] of [
    ['PUT', 405],
    ['PATCH', 405],
    ['DELETE', 405],
    ['OPTIONS', 204],
  ] as const) {
    const response = await get('/v1/policies/pm25', { method })
    expect([method, response.status, response.headers.get('allow')]).toEqual([method, status, 'GET, HEAD, OPTIONS'])
  }
  expect((await get('/v1/policies/a/b/c', { method: 'DELETE' })).status).toBe(404)
  expect(received).toEqual([])
})

it('forwards a tracestate only with the trace that it belongs to', async () => {
  const { get, received } = await edgeBefore('up')
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  for (const traceparent of [`00-${trace}-00f067aa0ba902b7-01`, `00-${trace}-bad`]) {
    await get('/v1/alerts', { ...posted('{}'), headers: { 'content-type': 'application/json', traceparent, tracestate: 'a=1' } })
  }
  expect(received.map(({ headers }) => headers['tracestate'])).toEqual(['a=1', undefined])
})

describe('a target', () => {
  const targetsOf = async (path: string): Promise<{ status: number | undefined; targets: string[] }> => {
    const targets: string[] = []
    const { port } = await edgeBefore(({ url = '' }, response) => {
      targets.push(url)
      response.end()
    })
    const { response } = await raw({ port, path })
    return { status: response.statusCode, targets }
  }

  it.each([
    '/v1/alerts/../policies',
    '/v1/alerts/%2e%2e/policies',
    '/v1/alerts/.%2E%2fpolicies',
    '/v1/alerts/x%5C..%5Cpolicies',
    '/v1/alerts/..',
    'http://127.0.0.1/v1/alerts',
    'http://other.example/v1/alerts',
  ])('with %s is refused', async (path) => {
    expect(await targetsOf(path)).toEqual({ status: 400, targets: [] })
  })

  it.each(['//other.example/v1/alerts', '/v1/alerts-of-others', '/v1/%2e%2e/v1/alerts', '/V1/alerts'])(
    'with %s is unknown',
    async (path) => {
      expect(await targetsOf(path)).toEqual({ status: 404, targets: [] })
    },
  )

  it.each(['/v1/alerts', '/v1/alerts/', '/v1/alerts//x/./a%2Fb%252e%252e/...?at=/../x&y=%C3%A9', '/v1/%61lerts/@x:1', '/v1/alerts?//x'])(
    'with %s reaches the instance unchanged',
    async (path) => {
      expect(await targetsOf(path)).toEqual({ status: 200, targets: [path] })
    },
  )
})

describe('a response', () => {
  it('without a body leaves the connection to the instance open for further requests', async () => {
    const sockets = new Set<unknown>()
    const { get } = await edgeBefore(({ url, socket }, response) => {
      sockets.add(socket)
      response.writeHead(Number(url!.split('/').at(-1))).end()
    })
    for (const status of [304, 200, 404, 204, 204, 204, 204, 204, 204, 204]) {
      expect((await get(`/v1/alerts/${status}`)).status).toBe(status)
      expect((await get(`/v1/alerts/${status}`, { method: 'HEAD' })).status).toBe(status)
    }
    expect(sockets.size).toBeLessThan(5)
  })

  it('passes unchanged, compressed or not, without the headers of its connection', async () => {
    const { port } = await edgeBefore((_request, response) => {
      response.writeHead(201, {
        'content-encoding': 'gzip',
        'content-length': '3',
        'set-cookie': ['a=1', 'b=2'],
        'keep-alive': 'timeout=9',
        'x-hop': '1',
        connection: 'keep-alive, x-hop',
      })
      response.end('\x01é')
    })
    const { response, body } = await raw({ port, path: '/v1/alerts', method: 'POST' })
    expect([response.statusCode, body]).toEqual([201, '\x01é'])
    expect(response.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-length': '3', 'set-cookie': ['a=1', 'b=2'] })
    expect(response.headers['x-hop']).toBeUndefined()
  })

  it('that breaks off breaks off for the client', async () => {
    const { get } = await edgeBefore((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('begun')
      setImmediate(() => response.destroy())
    })
    await expect(get('/v1/policies').then((answer) => answer.text())).rejects.toThrow()
  })

  it('is not awaited for a client that is gone, and the instance is not blamed', async () => {
    const aborted = new AbortController()
    const arrived: IncomingMessage[] = []
    const { get } = await edgeBefore((request, response) => {
      if (arrived.push(request) === 1) aborted.abort()
      else response.end('{}')
    })
    await expect(get('/v1/policies', { signal: aborted.signal })).rejects.toThrow()
    if (!arrived[0]!.socket.destroyed) await once(arrived[0]!.socket, 'close')
    expect((await get('/v1/policies')).status).toBe(200)
    expect(arrived).toHaveLength(2)
  })

  it('503 of a service reaches the client at once, and is not requested again', async () => {
    let count = 0
    const { get } = await edgeBefore((_request, response) => {
      count++
      response.writeHead(503, { 'retry-after': '7' }).end()
    })
    const answer = await get('/v1/policies')
    expect([answer.status, answer.headers.get('retry-after'), count]).toEqual([503, '7', 1])
  })
})

describe('the body of a write', () => {
  it('streams to the instance, also of a type that is text, and ends with its client', async () => {
    let text = ''
    const seen = new EventEmitter()
    const [first, closed] = [once(seen, 'first'), once(seen, 'closed')]
    const { port } = await edgeBefore((request) => {
      request.on('data', (data) => {
        text += String(data)
        seen.emit('first')
      })
      request.on('error', () => {}).once('close', () => seen.emit('closed'))
    })
    const headers = { 'content-type': 'text/plain', connection: 'close, x-hop', 'x-hop': '1', origin: 'http://127.0.0.1' }
    const call = requestHttp({ host: '127.0.0.1', port, path: '/v1/alerts', method: 'POST', headers }).on('error', () => {})
    call.write('begun')
    await first
    call.destroy()
    await closed
    expect(text).toBe('begun')
  })

  it('that did not arrive yet does not keep a refusal from its client', async () => {
    const { port } = await edgeBefore('gone')
    const call = requestHttp({ host: '127.0.0.1', port, path: '/v1/alerts', method: 'POST' })
    call.write('begun')
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    expect([response.statusCode, response.headers.connection]).toEqual([503, 'close'])
    call.on('error', () => {}).destroy()
  })

  it('reaches the instance without headers of the connection and without the origin', async () => {
    const { port, received } = await edgeBefore('up')
    const headers = { connection: 'close, x-hop, x-forwarded-for', 'x-hop': '1', te: 'trailers', origin: 'http://127.0.0.1', 'x-end': '1' }
    await raw({ port, path: '/v1/alerts', method: 'POST', headers })
    expect(received[0]!.headers).toMatchObject({ 'x-end': '1', 'x-forwarded-for': '127.0.0.1', connection: 'keep-alive' })
    for (const name of ['x-hop', 'te', 'origin']) expect(received[0]!.headers[name]).toBeUndefined()
  })
})
