import { describe, expect, it } from 'vitest'
import {
  childTraceparent,
  currentTraceparent,
  inTrace,
  outsideTrace,
  registerSpanExporter,
  rememberTraceState,
  traceIdOf,
  traceOfRequest,
  traceStateHeader,
  validTraceparent,
} from './trace.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const GIVEN = `00-${TRACE}-00f067aa0ba902b7-01`

describe('a traceparent', () => {
  it('is passed on unchanged by a process that exports no spans', () => {
    const unsampled = GIVEN.replace(/01$/, '00')
    expect([GIVEN, unsampled].map(childTraceparent)).toEqual([GIVEN, unsampled])
    expect(traceOfRequest({ headers: { traceparent: GIVEN } })).toBe(GIVEN)
    expect(inTrace(GIVEN, currentTraceparent, { name: 'work' })).toBe(GIVEN)
  })

  it('is continued as a new span with the same trace id and flags', () => {
    const stop = registerSpanExporter(() => {})
    const next = childTraceparent(GIVEN)
    stop()
    expect(next).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
    expect([next === GIVEN, traceIdOf(next)]).toEqual([false, TRACE])
  })

  it('of a later version may have more members', () => {
    expect(traceIdOf(childTraceparent(`01-${TRACE}-00f067aa0ba902b7-01-more`))).toBe(TRACE)
  })

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a list of two', [GIVEN, GIVEN]],
    ['an empty text', ''],
    ['not a traceparent', 'trace'],
    ['version ff', GIVEN.replace(/^00/, 'ff')],
    ['more members in version 00', `${GIVEN}-more`],
    ['one with an all-zero trace id', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    ['one with an all-zero span id', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['in capitals', GIVEN.toUpperCase()],
    ['followed by a line break', `${GIVEN}\n`],
    ['too long', `01${GIVEN.slice(2)}-${'x'.repeat(300)}`],
  ])('is replaced when it is %s', (_name, given) => {
    expect(validTraceparent(given)).toBeUndefined()
    expect(childTraceparent(given)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(childTraceparent(given)).not.toContain(TRACE)
  })
})

describe('a tracestate', () => {
  it('comes with a request, and is that of all spans of its trace', () => {
    const own = traceOfRequest({ headers: { traceparent: GIVEN, tracestate: 'a=1,b=2' } })
    expect(traceStateHeader(childTraceparent(own))).toEqual({ tracestate: 'a=1,b=2' })
    expect(traceStateHeader(childTraceparent(undefined))).toEqual({})
    expect(traceStateHeader(undefined)).toEqual({})
  })

  it.each([
    ['without a traceparent', 'trace', 'a=1'],
    ['that is empty', GIVEN, ''],
    ['that is too long', GIVEN, `a=${'x'.repeat(511)}`],
    ['with a line break', GIVEN, 'a=1\r\nx: y'],
    ['that is a list', GIVEN, ['a=1']],
  ])('%s is not passed on', (_name, traceparent, tracestate) => {
    rememberTraceState(GIVEN, 'kept=1')
    rememberTraceState(traceparent, tracestate)
    expect(traceStateHeader(GIVEN)).toEqual({ tracestate: 'kept=1' })
  })

  it('of the newest thousand traces is remembered', () => {
    const traces = Array.from({ length: 1_001 }, () => childTraceparent(undefined))
    for (const trace of traces) rememberTraceState(trace, 'a=1')
    expect([traces[0], traces[1], traces[1_000]].map(traceStateHeader)).toEqual([{}, { tracestate: 'a=1' }, { tracestate: 'a=1' }])
  })
})

describe('code in a trace', () => {
  it('keeps the trace across await, and has none in outsideTrace', async () => {
    expect(currentTraceparent()).toBeUndefined()
    const seen = await inTrace(GIVEN, async () => {
      await Promise.resolve()
      return [traceIdOf(currentTraceparent()!), outsideTrace(() => currentTraceparent())]
    })
    expect(seen).toEqual([TRACE, undefined])
  })

  it('gets a new trace if its cause has none', () => {
    expect(inTrace(undefined, () => currentTraceparent())).toMatch(/^00-/)
  })

  it('returns the same traceparent on repeated calls for one request', () => {
    const request = { headers: { traceparent: GIVEN } }
    expect([traceIdOf(traceOfRequest(request)), traceOfRequest(request) === traceOfRequest(request)]).toEqual([TRACE, true])
  })
})
