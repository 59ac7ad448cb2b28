import { context, ROOT_CONTEXT, trace, type Context } from '@opentelemetry/api'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LooseApi } from '../../../../test/support/loose-api.js'

const SPAN = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', traceFlags: 1 }

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
  ['the span that is active', SPAN, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
  ['none where none is', undefined, undefined],
  ['none of an invalid span', { ...SPAN, traceId: '0'.repeat(32) }, undefined],
])('sends %s', async (_what, span, expected) => {
  if (span !== undefined) active = trace.setSpanContext(ROOT_CONTEXT, span)
  const server = createServer((request, response) => response.end(JSON.stringify({ traceparent: request.headers['traceparent'] })))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  try {
    const api = new LooseApi({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
    expect(await api.post('/v1/approvals', {})).toEqual(expected === undefined ? {} : { traceparent: expected })
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
