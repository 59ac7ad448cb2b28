import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { POLICY } from '../testing/store-harness.suite.js'
import { EXPIRED, FLAGS, GOOD, headOf, key, ORIGIN, REVOKED, TwoWays, type Bytes } from '../testing/two-ways.suite.js'

const named = (value: string): string => JSON.stringify({ context: { targetingKey: value } })
const inContext = (members: string): string => `{"context":{"targetingKey":"a",${members}}}`
const BODIES: Bytes[] = [
  ['', '{', '[]', 'null', '7', '{}', '{"context":null}', '{"context":[]}', '{"context":{}}', '{"context":{"targetingKey":7}}'],
  ['"region":7', '"a":1}} x', `"list":[${'1,'.repeat(1_100)}1]`, `"deep":${'['.repeat(20)}${']'.repeat(20)}`].map(inContext),
  ['__proto__', 'constructor', '\\u005f_proto__'].map((name) => inContext(`"${name}":{"prototype":1}`)),
  ['__proto__', 'constructor', '\\u0061', '\u0000', '\ud800', 'ä€😀'].map(named),
  [1_000, 8_100, 8_200, 17_000, 65_400, 66_000].map((length) => named('x'.repeat(length))),
  [`\ufeff${named('a')}`, Buffer.from('7b22636f6e74657874223a7b22746172676574696e674b6579223a22ff227d7d', 'hex')],
].flat()
const ENDS = ['.none', '.__proto__', '.tags', '.', '/', '?a=b', '%00', '%2Elimit', '/limit', `.${'x'.repeat(120)}`]
const PATHS = [
  ['', '/', '?flagConfigEtag=1', '?key=x', '/no-such', '/constructor', '/..', '/%zz', '/a;b', '/a#b'].map((end) => FLAGS + end),
  ENDS.map((end) => `${FLAGS}/${POLICY}${end}`),
  ['/OFREP/v1/evaluate/flags', `http://other${FLAGS}`, `/${FLAGS}`],
].flat()
const HEADERS = [
  ['If-None-Match: *', 'If-None-Match: "x"', 'If-Revision-At-Least: 0', 'If-Revision-At-Least: soon', 'If-Revision-At-Least: 1'],
  [ORIGIN, 'https://evil.example', 'http://127.0.0.1', 'null'].map((origin) => `Origin: ${origin}`),
  ['Idempotency-Key: a', 'Idempotency-Key:', 'Expect: 100-continue', 'Expect: x', 'Accept-Version: 1.x', 'Host: evil.example'],
  ['Host: 127.0.0.1', 'Content-Encoding: gzip', 'Content-Encoding: identity', 'X-Forwarded-For: 10.0.0.1', 'Upgrade: h2c'],
  [GOOD, REVOKED, EXPIRED, { token: 'x' }].flatMap((each) => [key(each), `X-API-Key: ${each.token}`]),
  ['Authorization: Bearer', 'Authorization: HMS-Statement x', 'Authorization: Basic x', `authorization: bearer   ${GOOD.token}`],
].flat()
const TYPES = ['application/json; charset=utf-8', 'Application/JSON', 'application/json; charset=latin1', 'text/plain', '']

const context = fc.record(
  { targetingKey: fc.integer({ min: 0, max: 30 }).map((n) => `bot-${n}`), region: fc.constantFrom('NCR', 'VA', '', null) },
  { requiredKeys: ['targetingKey'] },
)
const body: fc.Arbitrary<Bytes> = fc.oneof(
  { arbitrary: context.map((each) => JSON.stringify({ context: each })), weight: 4 },
  { arbitrary: fc.constantFrom(...BODIES), weight: 2 },
)
const path = fc.oneof(
  { arbitrary: fc.constantFrom(FLAGS, ...['', '.limit', '.tags'].map((field) => `${FLAGS}/${POLICY}${field}`)), weight: 3 },
  { arbitrary: fc.constantFrom(...PATHS), weight: 2 },
)
const headersOf = ({ etags }: TwoWays): string[] => [
  ...HEADERS,
  ...etags.flatMap((etag) => [`If-None-Match: ${etag}`, `If-None-Match: W/${etag}, "x"`]),
]

/** Generates requests in bytes: POST with a length, and a few with other framing or types. */
const requestsTo = (harness: TwoWays): fc.Arbitrary<Bytes[]> => {
  const framing = fc.constantFrom('length', 'length', 'length', 'length', 'later', 'chunked', 'none', 'GET', 'PUT', 'OPTIONS')
  const type = fc.oneof({ arbitrary: fc.constant('application/json'), weight: 5 }, { arbitrary: fc.constantFrom(...TYPES), weight: 1 })
  const extra = fc.oneof(
    { arbitrary: fc.constant([]), weight: 1 },
    { arbitrary: fc.subarray(headersOf(harness), { maxLength: 2 }), weight: 2 },
  )
  return fc
    .tuple(path, body, framing, type, extra, fc.constantFrom(true, true, true, true, true, false))
    .map(([target, content, framed, typed, more, hasKey]) => {
      const bytes = Buffer.from(content as Buffer)
      const headers = [...(typed === '' ? [] : [`Content-Type: ${typed}`]), ...more, ...(hasKey ? [key(GOOD)] : [])]
      if (framed === 'none' || framed === 'GET' || framed === 'OPTIONS')
        return [headOf(target, headers, framed === 'none' ? 'POST' : framed)]
      if (framed === 'chunked') {
        const chunks = bytes.length === 0 ? [] : [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]
        return [
          Buffer.concat([Buffer.from(headOf(target, [...headers, 'Transfer-Encoding: chunked'])), ...chunks, Buffer.from('0\r\n\r\n')]),
        ]
      }
      const head = Buffer.from(headOf(target, [...headers, `Content-Length: ${bytes.length}`], framed === 'PUT' ? 'PUT' : 'POST'))
      return framed === 'later' && bytes.length > 0 ? [head, bytes] : [Buffer.concat([head, bytes])]
    })
}

describe.each(['dev', 'production'] as const)('with profile %s', (profile) => {
  let ways: TwoWays
  beforeAll(async () => void (ways = await TwoWays.start(profile)))
  afterAll(() => ways.store.stop())

  it('any request gets the same response from the fast handler and from the controller', async () => {
    const seen = { taken: 0, left: 0 }
    const same = fc.asyncProperty(requestsTo(ways), async (pieces) => {
      const { door, behind, isTaken } = await ways.both(pieces)
      seen[isTaken ? 'taken' : 'left']++
      expect(door).toEqual(behind)
    })
    await fc.assert(same, { numRuns: 400 })
    expect(Math.min(seen.taken, seen.left)).toBeGreaterThan(10)
  }, 120_000)
})
