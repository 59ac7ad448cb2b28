import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OfrepBulk, OfrepFailure, OfrepFlag } from '#libs/contracts'
import { digestOfRelease, inTime, POLICY, startStore, type HeadOptions } from '../testing/store-harness.suite.js'

let harness: Awaited<ReturnType<typeof startStore>>
let seq = 1
beforeAll(async () => {
  harness = await startStore()
  await harness.stored(await harness.head())
})
afterAll(() => harness.stop())

const FLAGS = '/ofrep/v1/evaluate/flags'
const ANYONE = { context: { targetingKey: 'bot-1' } }
const IN_NCR = { context: { targetingKey: 'bot-1', region: 'NCR' } }

interface Answer<T> {
  status: number
  headers: IncomingMessage['headers']
  body: T
}

async function ask<T = OfrepFlag>(
  path: string,
  body: unknown = ANYONE,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<Answer<T>> {
  const call = request(`${harness.url}${path}`, { method, headers: { 'content-type': 'application/json', ...headers }, agent: false })
  call.on('error', () => {})
  call.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body))
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as T }
}
const one = (key: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<OfrepFlag>> =>
  ask(`${FLAGS}/${key}`, body, headers)
const all = (body?: unknown, headers?: Record<string, string>, query = ''): Promise<Answer<OfrepBulk>> =>
  ask(`${FLAGS}${query}`, body, headers)
const put = async (options: HeadOptions = {}): Promise<void> => void (await harness.stored(await harness.head({ seq: ++seq, ...options })))
const advance = (ms: number): void => harness.clock.advanceTo(harness.clock.now().getTime() + ms)
const BASE = digestOfRelease('1.0.0')

describe('a reader that has seen a revision elsewhere', () => {
  it('gets values at that revision, and a 503 if this instance does not have the revision yet', async () => {
    const { revision } = (await (await fetch(`${harness.url}/v1/snapshot`)).json()) as { revision: number }
    const demand = (atLeast: number | string) => ({ 'if-revision-at-least': String(atLeast) })
    for (const answer of [await one(POLICY, ANYONE, demand(revision)), await all(ANYONE, demand(revision))])
      expect([answer.status, answer.headers['hms-revision']]).toEqual([200, String(revision)])
    for (const asked of [one(POLICY, ANYONE, demand(revision + 1)), all(ANYONE, demand(revision + 1))]) {
      const { status, headers } = await inTime<Answer<unknown>>(harness, asked)
      expect([status, headers['retry-after'] !== undefined]).toEqual([503, true])
    }
    expect((await one(POLICY, ANYONE, demand('soon'))).status).toBe(400)
  })
})

describe('a single evaluation', () => {
  it('returns the policy as an object, with variant, value and flat metadata without null', async () => {
    const { status, headers, body } = await one(POLICY)
    const signed = { policyVersion: '1.0.0', revision: 1, digest: BASE, scope: 'global', effective: '2026-01-01T00:00:00Z' }
    const metadata = { ...signed, verification: 'not-by-caller' }
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
    expect(body).toEqual({
      key: POLICY,
      value: { id: POLICY, version: '1.0.0', effective: '2026-01-01T00:00:00Z', limit: 25, tags: ['air'] },
      reason: 'STATIC',
      variant: '1.0.0',
      metadata,
    })
  })

  it.each([
    ['limit', 25],
    ['version', '1.0.0'],
    ['tags', { items: ['air'] }],
  ])('returns the field %s with its type, a list inside an object', async (field, value) => {
    expect((await one(`${POLICY}.${field}`)).body).toMatchObject({ key: `${POLICY}.${field}`, value, variant: '1.0.0' })
  })

  it('accepts a percent-encoded key, and ignores other attributes of the context', async () => {
    const context = { targetingKey: 'a', big: 1152921504606846976, half: '\ud800', list: [null, { deep: 1 }] }
    expect((await one('epa%2Dpm25-limit%2Elimit', { context })).body.value).toBe(25)
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'accepts the content type %s',
    async (type) => {
      expect((await one(POLICY, ANYONE, { 'content-type': type })).status).toBe(200)
    },
  )

  it('is revalidated by its ETag, also if it is weak or in a list', async () => {
    const { etag = '' } = (await one(POLICY)).headers
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await one(POLICY, ANYONE, { 'if-none-match': known })
      expect([again.status, again.body, again.headers.etag]).toEqual([304, undefined, etag])
    }
  })

  it('ignores an offer of HTTP/2, which the Java client makes on plain HTTP', async () => {
    const offer = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA' }
    expect(await one(POLICY, ANYONE, offer)).toMatchObject({ status: 200, body: { variant: '1.0.0' } })
  })
})

describe('a failed evaluation', () => {
  const failed = async (path: string, body?: unknown, headers?: Record<string, string>, method?: string): Promise<unknown[]> => {
    const { status, headers: received, body: failure } = await ask<OfrepFailure>(path, body, headers, method)
    expect(received['content-type']).toBe('application/json; charset=utf-8')
    expect([typeof failure.errorDetails, Object.values(failure.metadata).some((value) => typeof value === 'object')]).toEqual([
      'string',
      false,
    ])
    return [status, failure.key, failure.errorCode]
  }

  it.each(['no-such-policy', `${POLICY}.none`, 'constructor', `${POLICY}.__proto__`])('is a 404 for the name %s', async (key) => {
    expect(await failed(`${FLAGS}/${key}`)).toEqual([404, key, 'FLAG_NOT_FOUND'])
  })

  it('is a 404 for a key with a slash, which some providers send unencoded', async () => {
    expect(await failed(`${FLAGS}/a/b`)).toEqual([404, 'a/b', 'FLAG_NOT_FOUND'])
  })

  const CASES: [string, string, Record<string, string>, number, string][] = [
    ['broken JSON', '{"context":', {}, 400, 'PARSE_ERROR'],
    ['no body', '', {}, 400, 'PARSE_ERROR'],
    ['a list', '[]', {}, 400, 'PARSE_ERROR'],
    ['no context', '{}', {}, 400, 'INVALID_CONTEXT'],
    ['an invalid context', '{"context":"x"}', {}, 400, 'INVALID_CONTEXT'],
    ['no targetingKey', '{"context":{}}', {}, 400, 'TARGETING_KEY_MISSING'],
    ['a targetingKey that is empty', '{"context":{"targetingKey":""}}', {}, 400, 'TARGETING_KEY_MISSING'],
    ['a targetingKey that is no text', '{"context":{"targetingKey":7}}', {}, 400, 'INVALID_CONTEXT'],
    ['another type', 'context=x', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'PARSE_ERROR'],
    ['a large body', JSON.stringify({ context: { targetingKey: 'x'.repeat(70_000) } }), {}, 413, 'PARSE_ERROR'],
    ['many parts', `{"context":{"targetingKey":"a","list":[${'1,'.repeat(2_000)}1]}}`, {}, 413, 'PARSE_ERROR'],
  ]

  it.each(CASES)('is reported in the format of the protocol: %s', async (_what, body, headers, status, code) => {
    expect(await failed(`${FLAGS}/${POLICY}`, body, headers)).toEqual([status, POLICY, code])
    expect(await failed(FLAGS, body, headers)).toEqual([status, undefined, code])
  })

  it('is reported in that format for broken encoding, a NUL, and another method too', async () => {
    expect(await failed(`${FLAGS}/%zz`)).toEqual([400, '%zz', 'PARSE_ERROR'])
    expect(await failed(`${FLAGS}/a%00`)).toEqual([400, 'a\0', 'PARSE_ERROR'])
    expect(await failed(`${FLAGS}/${POLICY}`, undefined, {}, 'GET')).toEqual([405, POLICY, 'GENERAL'])
  })

  it('is a problem document on all other paths', async () => {
    const { status, headers } = await ask('/ofrep/v1/configuration', undefined, {}, 'GET')
    expect([status, headers['content-type']]).toEqual([404, expect.stringContaining('application/problem+json')])
  })
})

describe('a bulk evaluation', () => {
  it('lists each policy and each field, and the event stream for changes', async () => {
    const { status, body } = await all()
    expect([status, body.flags.map(({ key }) => key)]).toEqual([
      200,
      [POLICY, ...['id', 'version', 'effective', 'limit', 'tags'].map((field) => `${POLICY}.${field}`)].toSorted(),
    ])
    expect(body.eventStreams).toEqual([{ type: 'sse', endpoint: { requestUri: '/ofrep/v1/events' }, inactivityDelaySec: 120 }])
    expect(body.flags.find(({ key }) => key === POLICY)).toEqual((await one(POLICY)).body)
  })

  it('is a 304 for a matching ETag, in any order of attributes, and with the query of an event', async () => {
    const { etag = '' } = (await all({ context: { targetingKey: 'bot-1', a: 1, b: 2 } })).headers
    const again = await all(
      { context: { b: 2, a: 1, targetingKey: 'bot-1' } },
      { 'if-none-match': etag },
      '?flagConfigEtag=1&flagConfigLastModified=1',
    )
    expect([again.status, again.body, again.headers.etag]).toEqual([304, undefined, etag])
    expect((await all(ANYONE, { 'if-none-match': etag }, '?flagConfigEtag=nonsense')).status).toBe(304)
  })
})

describe('a canary', () => {
  const expires = (): string => new Date(harness.clock.now().getTime() + 120_000).toISOString()
  const canary = (more: HeadOptions = {}): Promise<void> =>
    put({ scope: 'region:NCR', version: '2.0.0', share: 10_000, base: BASE, expires: expires(), ...more })
  const end = (): Promise<void> => canary({ version: '1.0.0' })
  beforeEach(end)

  it('covers callers by region and key: SPLIT for them, TARGETING_MATCH for the others', async () => {
    await canary()
    const said = async (body: unknown): Promise<unknown[]> => {
      const { reason, variant, metadata } = (await one(POLICY, body)).body
      return [reason, variant, metadata.scope]
    }
    expect(await said(IN_NCR)).toEqual(['SPLIT', '2.0.0', 'region:NCR'])
    expect(await said(ANYONE)).toEqual(['TARGETING_MATCH', '1.0.0', 'global'])
    advance(120_000)
    expect(await said(IN_NCR)).toEqual(['STATIC', '1.0.0', 'global'])
  })

  it('keeps its ETags while its lease is renewed, and changes all when it ends', async () => {
    await canary()
    const tags = async (): Promise<unknown[]> => [
      (await all(IN_NCR)).headers.etag,
      (await all()).headers.etag,
      (await one(POLICY, IN_NCR)).headers.etag,
    ]
    const before = await tags()
    const { revision } = (await one(POLICY, IN_NCR)).body.metadata
    advance(40_000)
    await canary()
    expect(await tags()).toEqual(before)
    expect((await one(POLICY, IN_NCR)).body.metadata.revision).toBe(revision)
    await end()
    for (const [index, tag] of (await tags()).entries()) expect(tag).not.toBe(before[index])
  })
})
