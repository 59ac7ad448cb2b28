import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signRequest } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

const MAX_ANSWER_BYTES = 64 * 1024

let system: MemorySystem
let posts: string[]
beforeAll(async () => {
  system = await startMemorySystem()
  const { paths } = (await (await fetch(`${system.url}/openapi.json`)).json()) as { paths: Record<string, object> }
  posts = Object.keys(paths)
    .filter((path) => 'post' in paths[path]!)
    .map((path) => path.replaceAll(/\{[^}]+\}/g, 'any'))
})
afterAll(() => system.stop())

/** A problem, or what OFREP says instead. */
interface Told {
  code?: string
  errors?: unknown[]
  metadata?: { code: string }
}

interface Answer {
  status: number
  type: string | undefined
  bytes: number
  code: string
  errors: unknown[]
}

/** Signed by the operator: a body without a key that counts is not even looked at. */
async function post(path: string, body: string | Buffer, type = 'application/json'): Promise<Answer> {
  const signable = { method: 'POST', path, body: Buffer.from(body), at: system.clock.now(), audience: system.roster.installation }
  const call = request(`${system.url}${path}`, {
    method: 'POST',
    headers: {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      authorization: await signRequest(system.operator, signable),
    },
    agent: false,
  })
  // A body that is refused by its length is not read to its end.
  call.on('error', () => {})
  call.end(body)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  let text = ''
  try {
    for await (const chunk of response) text += String(chunk)
  } catch {
    // The connection was closed behind the answer.
  }
  const { metadata, code = metadata?.code ?? '', errors = [] } = JSON.parse(text) as Told
  return { status: response.statusCode ?? 0, type: response.headers['content-type']?.split(';')[0], bytes: text.length, code, errors }
}

const list = (count: number, item: string): string => `[${Array.from({ length: count }, () => item).join(',')}]`
const keys = (count: number): string => `{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')}}`
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
const everywhere = (value: string): string =>
  `{"digest":${value},"signatures":${value},"policies":${value},"plan":${value},"heads":${value},"freshness":${value},"envelope":{"payload":"","payloadType":"","signatures":${value}},"reading":${value},"schema":${value},"scopes":${value},"map":${value},"statement":${value}}`

/** Bodies that cost a process seconds, memory or its answers. None is above the bytes that were once taken. */
const HOSTILE: [string, () => string][] = [
  ['a million empty objects', () => everywhere(list(100_000, '{}'))],
  ['forty thousand keys', () => keys(40_000)],
  ['forty thousand keys inside', () => everywhere(keys(40_000))],
  ['as many keys as fit', () => keys(4_000)],
  ['long keys', () => `{${Array.from({ length: 30 }, (_, index) => `"${index}${'k'.repeat(2_000)}":1`).join(',')}}`],
  [
    'keys of control characters',
    () => `{${Array.from({ length: 50 }, (_, index) => `"${index}${String.raw`\u0001`.repeat(150)}":1`).join(',')}}`,
  ],
  ['brackets without end', () => deep(30_000)],
  ['nesting inside of members', () => everywhere(deep(2_000))],
  ['a hundred brackets', () => `{"reading":${deep(100)}}`],
  ['half a surrogate pair', () => everywhere(String.raw`"\ud800"`)],
  ['half a surrogate pair in a key', () => String.raw`{"reading":{"\udc00":1},"schema":{"\udc00":1},"policies":[{"\udc00":1}]}`],
  ['NUL', () => everywhere(String.raw`"\u0000"`)],
  ['1e400', () => everywhere('1e400')],
  ['2^60', () => everywhere('{"a":1152921504606846976}')],
  ['brackets in an unclosed string', () => `{"a":"${'['.repeat(1_000)}`],
  ['nothing', () => ''],
  ['null', () => 'null'],
  ['a list', () => '[]'],
  ['a text', () => '"x"'],
  ['a prototype', () => '{"__proto__":{"polluted":true}}'],
  ['half an object', () => '{"a":'],
]

describe('a body', () => {
  it.each(HOSTILE)('of %s is refused by every route, with a short problem', async (_what, make) => {
    const body = make()
    for (const path of posts) {
      const { status, type, bytes, errors } = await post(path, body)
      expect([path, status >= 400 && status < 500, type, bytes <= MAX_ANSWER_BYTES, errors.length <= 20]).toEqual([
        path,
        true,
        path.startsWith('/ofrep/') ? 'application/json' : 'application/problem+json',
        true,
        true,
      ])
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it.each([
    ['in a text', String.raw`"\ud800"`, '/reading/fact'],
    ['in a key', String.raw`{"\udc00":1}`, '/reading/fact/\udc00'],
    ['deep inside', String.raw`[[{"a":["\udfff"]}]]`, '/reading/fact/0/0/a/0'],
  ])('with half a surrogate pair in a free field is refused with its pointer: %s', async (_where, value, pointer) => {
    const alert = (fact: string): string =>
      `{"id":"a1","bot":"b1","region":"NCR","kind":"Violation","value":5,"reading":{"id":"r1","at":"2026-01-01T00:00:00Z","region":"NCR","fact":${fact}}}`
    expect((await post('/v1/alerts', alert('"right"'))).status).toBe(202)
    expect(await post('/v1/alerts', alert(value))).toMatchObject({ status: 400, code: 'HMS_HTTP_BODY_INVALID', errors: [{ pointer }] })
  })

  it('of three hundred thousand objects, or of forty thousand keys, is refused before it is parsed', async () => {
    const many = everywhere(list(50_000, '{}'))
    for (const body of [many, keys(40_000)]) {
      for (const path of ['/v1/approvals', '/v1/heads', '/v1/freshness', '/v1/alerts'])
        expect(await post(path, body)).toMatchObject({ status: 413, code: 'HMS_HTTP_BODY_TOO_LARGE' })
    }
  })

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x', 'application/xml', ''])(
    'of type "%s", which a page of another site may send unasked, is refused',
    async (type) => {
      for (const path of posts)
        expect(await post(path, 'id=a&bot=b&region=NCR&kind=V', type)).toMatchObject({ status: 415, code: 'HMS_HTTP_MEDIA_TYPE' })
    },
  )
})

describe('an address', () => {
  it.each([
    '/v1/tokens/%00/revoke',
    '/v1/approvals/%00/decisions',
    '/v1/dead-letters/audit/%00/replay',
    '/v1/roster/proposals/a%00b/signatures',
  ])('with a NUL is refused: %s', async (path) => {
    expect(await post(path, '{}')).toMatchObject({ status: 400, code: 'HMS_HTTP_BAD_REQUEST' })
  })

  it.each([
    '/v1/policies/%00',
    '/v1/runs/%00',
    '/v1/policies?bot=%00',
    '/v1/coverage?policy=%00',
    '/v1/audit/proofs/%00',
    '/v1/deliveries?partner=%00',
    '/docs/errors/%00',
  ])('is for reads too: %s', async (path) => {
    const response = await fetch(`${system.url}${path}`)
    expect([response.status, response.headers.get('content-type')?.split(';')[0]]).toEqual([400, 'application/problem+json'])
  })
})
