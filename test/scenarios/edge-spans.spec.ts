import { afterEach, beforeEach, expect, it } from 'vitest'
import { registerSpanExporter, type Span } from '#libs/platform'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = '00f067aa0ba902b7'

let system: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
let spans: Span[]
let stopTaking: () => void
beforeEach(async () => {
  system = await startMemorySystem()
  const quiet = { HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent' }
  edge = await serveEdge({ ...quiet, HMS_LINTER_URLS: system.url })
  spans = []
  stopTaking = registerSpanExporter((span) => spans.push(span))
})
afterEach(async () => {
  stopTaking()
  await edge.stop()
  await system.stop()
})

it('the edge is between the caller and the service in the trace of a write, and in no trace of a read', async () => {
  const headers = { 'content-type': 'application/json', traceparent: `00-${TRACE}-${CALLER}-01` }
  const url = `http://127.0.0.1:${edge.port}/v1/lint`
  await fetch(url, { method: 'POST', headers, body: JSON.stringify({ policies: [] }) })
  await fetch(`http://127.0.0.1:${edge.port}/v1/schemas`, { headers })
  await expect.poll(() => spans.length).toBe(2)
  const [service, door] = spans as [Span, Span]
  expect([service.traceId, door.traceId]).toEqual([TRACE, TRACE])
  expect(door.parentSpanId).toBe(CALLER)
  expect(service.parentSpanId).toBe(door.spanId)
})
