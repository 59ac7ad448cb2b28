import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Profile } from '#libs/process'
import { mintToken } from '#libs/signing'
import { POLICY } from '../testing/store-harness.suite.js'
import { ANYONE, EXPIRED, FLAGS, GOOD, headOf, key, ORIGIN, post, REVOKED, TwoWays, TYPE, type Bytes } from '../testing/two-ways.suite.js'

const harnesses = {} as Record<Profile, TwoWays>
beforeAll(async () => {
  harnesses.dev = await TwoWays.start('dev')
  harnesses.production = await TwoWays.start('production')
})
afterAll(async () => {
  await harnesses.dev.store.stop()
  await harnesses.production.store.stop()
})

describe('the fast handler itself responds to', () => {
  const cases: [string, Profile, string, string, string[]][] = [
    ['a policy', 'dev', `${FLAGS}/${POLICY}`, ANYONE, []],
    ['a field', 'dev', `${FLAGS}/${POLICY}.limit`, ANYONE, ['User-Agent: x', 'Accept: */*', 'traceparent: 00-0-0-0']],
    ['all flags', 'dev', FLAGS, ANYONE, []],
    ['a reader inside a canary', 'dev', `${FLAGS}/${POLICY}`, '{"context":{"targetingKey":"bot-3","region":"NCR","a":[1,{}]}}', []],
    ['a key', 'production', `${FLAGS}/${POLICY}`, ANYONE, [key(GOOD)]],
    ['a key in the other header', 'production', FLAGS, ANYONE, [`X-API-Key: ${GOOD.token}`]],
  ]

  it.each(cases)('%s', async (_what, profile, path, body, headers) => {
    const { isTaken, door, behind } = await harnesses[profile].both([post(path, body, headers)])
    expect([isTaken, door]).toEqual([true, behind])
  })

  it('a reader with the current ETag, and one that requires the current revision', async () => {
    for (const more of [...harnesses.dev.etags.map((etag) => `If-None-Match: ${etag}`), 'If-Revision-At-Least: 1'])
      for (const path of [FLAGS, `${FLAGS}/${POLICY}`]) {
        const { isTaken, door, behind } = await harnesses.dev.both([post(path, ANYONE, [more])])
        expect([isTaken, door]).toEqual([true, behind])
      }
  })

  it('a body that arrives after its headers', async () => {
    const head = headOf(`${FLAGS}/${POLICY}`, [TYPE, `Content-Length: ${ANYONE.length}`])
    const { isTaken, door, behind } = await harnesses.dev.both([head, ANYONE])
    expect([isTaken, door]).toEqual([true, behind])
  })

  it('pipelined requests in order, also with one between them that it leaves to Fastify', async () => {
    const many = ['limit', 'none', 'version'].map((field) => post(`${FLAGS}/${POLICY}.${field}`, ANYONE))
    const open = many.map((bytes, at) => (at < 2 ? Buffer.from(String(bytes).replace('Connection: close\r\n', '')) : bytes))
    const text = await harnesses.dev.ask([Buffer.concat(open)])
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)|"key":"[^"]*\.(\w+)"/g)].map(([, status, field]) => status ?? field)).toEqual([
      '200',
      'limit',
      '404',
      'none',
      '200',
      'version',
    ])
  })
})

describe('the controller behind the fast handler refuses a caller', () => {
  const keys: [string, string][] = [
    ['without a key', 'Accept: */*'],
    ['with an unknown key', key(mintToken())],
    ['with a key that was revoked', key(REVOKED)],
    ['with a key that has expired', key(EXPIRED)],
    ['with a signature that does not count', 'Authorization: HMS-Statement e30'],
  ]
  it.each(keys)('%s', async (_what, header) => {
    const { isTaken, door, behind, status } = await harnesses.production.both([post(`${FLAGS}/${POLICY}`, ANYONE, [header])])
    expect([isTaken, door, status]).toEqual([false, behind, '401'])
  })

  it('after its key was revoked', async () => {
    const made = mintToken()
    const request = post(`${FLAGS}/${POLICY}`, ANYONE, [key(made)])
    harnesses.production.knows(made)
    expect((await harnesses.production.both([request])).status).toBe('200')
    harnesses.production.knows(made, { revokedAt: '2026-01-01T00:00:00Z' })
    expect((await harnesses.production.both([request])).status).toBe('401')
  })
})

describe('a hook unknown to the fast handler', () => {
  let seen = 0
  /** Counts a request and lets it continue. */
  const hook = async (): Promise<void> => void seen++
  const plugin = Object.assign(async (scope: FastifyInstance) => void scope.addHook('preValidation', hook), {
    [Symbol.for('skip-override')]: true,
  })
  const hooks: [string, (fastify: FastifyInstance) => void][] = [
    ...(['onRequest', 'preValidation', 'preHandler', 'onResponse'] as const).map((name): [string, (fastify: FastifyInstance) => void] => [
      name,
      (fastify) => void fastify.addHook(name, hook),
    ]),
    ['onSend', (fastify) => void fastify.addHook('onSend', async (_request, _reply, payload) => (seen++, payload))],
    ['a plugin’s', (fastify) => void fastify.register(plugin)],
    ['one that a route is given', (fastify) => void fastify.addHook('onRoute', (route) => void (route.onRequest = hook))],
  ]

  it.each(hooks)('disables the handler, so that each request passes the hook: %s', async (_what, add) => {
    const ways = await TwoWays.start('dev', add)
    try {
      seen = 0
      expect((await ways.both([post(`${FLAGS}/${POLICY}`, ANYONE)])).isTaken).toBe(false)
      expect(seen).toBeGreaterThan(0)
    } finally {
      await ways.store.stop()
    }
  })

  it('does not disable the handler if no request passes the hook', async () => {
    const ways = await TwoWays.start('dev', (fastify) => void fastify.addHook('onClose', async () => {}))
    try {
      expect((await ways.both([post(`${FLAGS}/${POLICY}`, ANYONE)])).isTaken).toBe(true)
    } finally {
      await ways.store.stop()
    }
  })
})

describe('the fast handler leaves to Fastify', () => {
  const withName = (name: string): string => `{"context":{"targetingKey":"a","${name}":{"prototype":1}}}`
  const cases: [string, string, Bytes, string[]][] = [
    ['a name that the parser refuses', '400', withName('__proto__'), []],
    ['another such name', '400', withName('constructor'), []],
    ['such a name behind an escape', '400', withName('\\u005f_proto__'), []],
    ['bytes that are no UTF-8', '400', Buffer.from('7b22636f6e74657874223a7b22746172676574696e674b6579223a22ff227d7d', 'hex'), []],
    ['a body of too many parts', '413', `{"context":{"targetingKey":"a","list":[${'1,'.repeat(1_100)}1]}}`, []],
    ['a body that it would not keep whole', '200', JSON.stringify({ context: { targetingKey: 'x'.repeat(9_000) } }), []],
    ['a page of a named origin', '200', ANYONE, [`Origin: ${ORIGIN}`]],
    ['a page of another origin', '403', ANYONE, ['Origin: https://evil.example']],
    ['two hosts', '400', ANYONE, ['Host: 127.0.0.1']],
    ['an unknown expectation', '417', ANYONE, ['Expect: x']],
    ['an empty idempotency key', '400', ANYONE, ['Idempotency-Key:']],
    ['a body that is compressed', '415', ANYONE, ['Content-Encoding: gzip']],
    ['a header that is not on its list', '200', ANYONE, ['X-Http-Method-Override: PUT']],
    ['a header that comes twice', '200', ANYONE, ['X-Request-Id: a', 'X-Request-Id: b']],
    ['another wish for the connection', '200', ANYONE, ['Connection: close, te']],
    ['trailers', '200', ANYONE, ['Trailer: x']],
  ]

  it.each(cases)('%s', async (_what, expected, content, headers) => {
    const { isTaken, door, behind, status } = await harnesses.dev.both([post(`${FLAGS}/${POLICY}`, content, headers)])
    expect([isTaken, door, status]).toEqual([false, behind, expected])
  })

  it('a host of another site', async () => {
    const request = String(post(`${FLAGS}/${POLICY}`, ANYONE)).replace('Host: 127.0.0.1', 'Host: evil.example')
    const { isTaken, door, behind, status } = await harnesses.dev.both([request])
    expect([isTaken, door, status]).toEqual([false, behind, '403'])
  })
})
