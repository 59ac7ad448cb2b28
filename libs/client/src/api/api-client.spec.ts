import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { LooseApi } from '../../../../test/support/loose-api.js'
import { ApiClient, type Authorize } from './api-client.js'

let server: Server | undefined

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

describe('ApiClient', () => {
  it('signs requests and parses responses', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      request.setEncoding('utf8').on('data', (body) => {
        seen.push([request.method, request.url, request.headers['idempotency-key'], request.headers['x-signed'], body])
        response.end('{"ok":true}')
      })
    })
    const authorize: Authorize = async (method, path, body) => ({ 'x-signed': `${method} ${path} ${body.length}` })
    const api = new LooseApi({ url: `${url}/`, authorize })
    expect(await api.post('/v1/lint', { a: 1 }, { idempotencyKey: 'k' })).toEqual({ ok: true })
    expect(seen).toEqual([['POST', '/v1/lint', 'k', 'POST /v1/lint 7', '{"a":1}']])
  })

  it('percent-encodes path parameters, and sends the other parameters as query', async () => {
    const url = await serve((request, response) => response.end(JSON.stringify([request.method, request.url])))
    const api = new ApiClient({ url })
    const history = await api.get('/v1/policies/{id}/history', { id: '../$&/ü', limit: 5, signed: true, before: undefined })
    expect(history).toEqual(['GET', '/v1/policies/..%2F%24%26%2F%C3%BC/history?limit=5&signed=true'])
    const redriven = await api.post('/v1/deliveries/{id}/redrive', { reason: 'r' }, { params: { id: 'a/b' } })
    expect(redriven).toEqual(['POST', '/v1/deliveries/a%2Fb/redrive'])
  })

  it('omits undefined parameters from the query', async () => {
    const url = await serve((request, response) => response.end(JSON.stringify(request.url)))
    expect(await new LooseApi({ url }).get('/v1/policies', { region: 'N C', bot: undefined })).toBe('/v1/policies?region=N+C')
  })

  it('accepts a compressed response, and reports a damaged one as unreachable', async () => {
    const seen: unknown[] = []
    const zipped = gzipSync(JSON.stringify({ ok: true }))
    const url = await serve((request, response) => {
      seen.push(request.headers['accept-encoding'])
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(request.url === '/cut' ? zipped.subarray(0, 15) : zipped)
    })
    expect(await new LooseApi({ url }).get('/')).toEqual({ ok: true })
    await expect(new LooseApi({ url }).get('/cut')).rejects.toMatchObject({ code: 'HMS_UNREACHABLE' })
    expect(seen).toEqual(['gzip', 'gzip'])
  })

  it('throws the problem of the server’s response', async () => {
    const next = [{ command: 'hms-svc runs show 3' }]
    const problem = { code: 'HMS_RUN_ACTIVE', detail: 'a run is active', next, state: 'CANARY', traceId: 'abc' }
    const url = await serve((_request, response) => {
      response.writeHead(409, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
    })
    await expect(new LooseApi({ url }).get('/')).rejects.toMatchObject({
      code: 'HMS_RUN_ACTIVE',
      status: 409,
      message: 'a run is active (trace abc)',
      detail: 'a run is active',
      traceId: 'abc',
      next: ['hms-svc runs show 3'],
      state: 'CANARY',
    })
  })

  it.each([
    [200, 'HMS_HTTP_MALFORMED'],
    [302, 'HMS_HTTP_UNEXPECTED'],
    [404, 'HMS_HTTP_UNEXPECTED'],
    [503, 'HMS_UNREACHABLE'],
  ])('maps a response of another server with status %i to a code', async (status, code) => {
    const url = await serve((_request, response) => response.writeHead(status, { location: '/elsewhere' }).end('<html>'))
    await expect(new LooseApi({ url }).get('/')).rejects.toMatchObject({ code })
  })

  it('reports HMS_UNREACHABLE without a response, after a late one, and after an incomplete one', async () => {
    const unreachable = { code: 'HMS_UNREACHABLE', status: 503, next: ['hms-svc dev'], retryable: true }
    await expect(new LooseApi({ url: 'http://127.0.0.1:9' }).get('/')).rejects.toMatchObject(unreachable)
    const url = await serve((request, response) => {
      if (request.url === '/reset') response.write('{', () => request.socket.destroy())
      if (request.url === '/half') response.write('{')
    })
    const late = { ...unreachable, detail: `${url} is not reachable: no answer in time` }
    await expect(new LooseApi({ url }).get('/', {}, { timeoutMs: 20 })).rejects.toMatchObject(late)
    await expect(new LooseApi({ url }).get('/half', {}, { timeoutMs: 500 })).rejects.toMatchObject(late)
    const sent = { ...late, next: ['hms-svc doctor'], detail: `${url} did not respond in time, and may still do what was requested` }
    await expect(new LooseApi({ url }).post('/', {}, { timeoutMs: 50 })).rejects.toMatchObject(sent)
    await expect(new LooseApi({ url }).get('/reset')).rejects.toMatchObject(unreachable)
  })

  it('reports an unreadable key as such, not as HMS_UNREACHABLE', async () => {
    const api = new LooseApi({ url: 'http://127.0.0.1:9', authorize: () => Promise.reject(new TypeError('no key')) })
    await expect(api.post('/', {})).rejects.toThrow('no key')
  })

  it('yields events until the stream ends, and throws when it breaks or falls silent', async () => {
    const url = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`id: 1\ndata: ${JSON.stringify(request.headers['last-event-id'] ?? null)}\n\n`, () => {
        if (request.url === '/end') response.end('data: 2\n\n')
        if (request.url === '/break') request.socket.destroy()
      })
    })
    const api = new LooseApi({ url })
    const ids: string[] = []
    expect(await collect(api.events('/end', { lastEventId: '0', onId: (id) => ids.push(id) }))).toEqual(['0', 2])
    expect(ids).toEqual(['1', '1'])
    await expect(collect(api.events('/break'))).rejects.toMatchObject({ code: 'HMS_UNREACHABLE' })
    await expect(collect(api.events('/silent', { idleMs: 20 }))).rejects.toMatchObject({ code: 'HMS_UNREACHABLE' })
    const stop = new AbortController()
    for await (const event of api.events('/silent', { signal: stop.signal })) {
      expect(event).toBeNull()
      stop.abort()
    }
  })

  it('throws no error outside the iteration when a stream ends in the tick in which it is aborted', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n', () => response.end())
    })
    const uncaught: unknown[] = []
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => uncaught.push(error))
    try {
      for (let index = 0; index < 20; index++) {
        const stop = new AbortController()
        for await (const event of new LooseApi({ url }).events('/', { signal: stop.signal })) {
          expect(event).toBe(1)
          stop.abort()
          break
        }
      }
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const each of others) process.on('uncaughtException', each)
    }
    expect(uncaught).toEqual([])
  })
})

async function collect(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const event of events) all.push(event)
  return all
}
