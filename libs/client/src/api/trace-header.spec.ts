import { context, createTraceState, ROOT_CONTEXT, trace, type Context } from '@opentelemetry/api'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LooseApi } from '../../../../test/support/loose-api.js'

const SPAN = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', traceFlags: 1 }
const GIVEN = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

let active: Context
beforeEach(() => {
  active = ROOT_CONTEXT
  const manager = {
    active: () => active,
    with: <R>(_context: Context, work: (...args: never[]) => R) => work(),
    bind: <T>(_context: Context, target: T) => target,
    enable: () => manager,
    disable: () => manager,
  }
  context.setGlobalContextManager(manager as never)
})
afterEach(() => context.disable())

it.each([
  ['the span that is active', SPAN, { traceparent: GIVEN }],
  ['its state', { ...SPAN, traceState: createTraceState('a=1,b=2') }, { traceparent: GIVEN, tracestate: 'a=1,b=2' }],
  ['none where none is', undefined, {}],
  ['none of an invalid span', { ...SPAN, traceId: '0'.repeat(32) }, {}],
])('sends %s', async (_what, span, expected) => {
  if (span !== undefined) active = trace.setSpanContext(ROOT_CONTEXT, span)
  const server = createServer(({ headers: { traceparent, tracestate } }, response) =>
    response.end(JSON.stringify({ traceparent, tracestate })),
  )
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  try {
    const api = new LooseApi({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    expect(await api.post('/v1/approvals', {})).toEqual(expected)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
