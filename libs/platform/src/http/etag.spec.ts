import fastify, { type FastifyInstance } from 'fastify'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tagReads } from './etag.js'

describe('a read', () => {
  let server: FastifyInstance
  let runs: number[]

  beforeEach(() => {
    server = fastify()
    tagReads(server)
    runs = [1, 2]
    server.get('/runs', () => ({ runs }))
    server.get('/own', (_, reply) => reply.header('etag', '"own"').send({ runs }))
    server.get('/page', (_, reply) => reply.type('text/plain').send('up 1'))
    server.get('/bytes', (_, reply) => reply.type('application/octet-stream').send(Buffer.from('up 1')))
    server.get('/stream', (_, reply) => reply.type('text/event-stream').send(Readable.from(['data: 1\n\n'])))
    server.get('/missing', (_, reply) => reply.code(404).send({ code: 'HMS_X' }))
    server.post('/runs', () => ({ runs }))
  })
  afterEach(() => server.close())

  const ask = (url: string, ifNoneMatch?: string, method: 'GET' | 'POST' = 'GET') =>
    server.inject({ method, url, headers: ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch } })

  it.each(['/runs', '/page', '/bytes'])('of %s has an ETag, and gets 304 without a body if the client knows the ETag', async (url) => {
    const first = await ask(url)
    const etag = String(first.headers['etag'])
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await ask(url, known)
      expect([again.statusCode, again.headers['etag'], again.body]).toEqual([304, etag, ''])
    }
  })

  it('gets the whole response, with another ETag, after a change', async () => {
    const { headers } = await ask('/runs')
    runs.push(3)
    const changed = await ask('/runs', String(headers['etag']))
    expect([changed.statusCode, changed.json<unknown>()]).toEqual([200, { runs: [1, 2, 3] }])
    expect(changed.headers['etag']).not.toBe(headers['etag'])
  })

  it('keeps the ETag that its route has set', async () => {
    expect((await ask('/own')).headers['etag']).toBe('"own"')
  })

  it.each([
    ['that does not end', '/stream', 'GET'],
    ['that failed', '/missing', 'GET'],
    ['of another method', '/runs', 'POST'],
  ] as const)('%s has no ETag', async (_, url, method) => {
    const answer = await ask(url, '*', method)
    expect([answer.headers['etag'], answer.statusCode === 304]).toEqual([undefined, false])
  })
})
