import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { VirtualClock } from '../testing/index.js'
import { silentLogger } from '../logger.js'
import { Metrics } from '../metrics.js'
import { startTracing } from './otlp-exporter.js'
import { endSpan, type Span, isExporting } from '../trace.js'

interface Sent {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] }
    scopeSpans: { spans: Record<string, unknown>[] }[]
  }[]
}

const SPAN: Span = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: '53995c3f42cd8ad8',
  name: 'handle hms.lint.passed.v1',
  startMs: 1_700_000_000_000,
  endMs: 1_700_000_000_001.5,
  failed: false,
}

let collector: Server
let bodies: Sent[]
let binary: Buffer[]
let headers: IncomingHttpHeaders
let status: number
let retryAfter: string | undefined
beforeEach(async () => {
  bodies = []
  binary = []
  status = 200
  retryAfter = undefined
  collector = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    expect([request.method, request.url]).toEqual(['POST', '/v1/traces'])
    headers = request.headers
    const body = Buffer.concat(chunks)
    const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    if (headers['content-type'] === 'application/json') bodies.push(JSON.parse(plain.toString()) as Sent)
    else binary.push(plain)
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end('{}')
  })
  await new Promise<void>((ready) => collector.listen(0, '127.0.0.1', ready))
})
afterEach(() => {
  collector.closeAllConnections()
  collector.close()
})

const PROCESS = { messaging: 'kafka' as const, service: 'linter', version: '0.1.0' }
const addressOf = (): string => `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`

function tracing(
  metrics = new Metrics(),
  endpoint: string | undefined = addressOf(),
  env: Record<string, string> = {},
  clock = new VirtualClock(),
) {
  return startTracing({ ...PROCESS, env, endpoint, clock, log: silentLogger, metrics })
}
const counted = async (metrics: Metrics): Promise<string[]> =>
  (await metrics.render()).split('\n').filter((line) => line.startsWith('hms_svc_otlp_spans_total{'))

it('sends spans as OTLP with the service name', async () => {
  const stop = tracing()
  endSpan(SPAN)
  endSpan({ ...SPAN, parentSpanId: undefined, failed: true })
  await stop()
  const [{ resource, scopeSpans }] = bodies[0]!.resourceSpans as [Sent['resourceSpans'][number]]
  expect(resource.attributes[0]).toEqual({ key: 'service.name', value: { stringValue: 'linter' } })
  expect(scopeSpans[0]!.spans).toEqual([
    {
      traceId: SPAN.traceId,
      spanId: SPAN.spanId,
      parentSpanId: SPAN.parentSpanId,
      name: SPAN.name,
      kind: 1,
      startTimeUnixNano: '1700000000000000000',
      endTimeUnixNano: '1700000000001500000',
      status: {},
    },
    expect.objectContaining({ status: { code: 2 } }),
  ])
  expect(bodies[0]!.resourceSpans[0]!.scopeSpans[0]!.spans[1]).not.toHaveProperty('parentSpanId')
})

it('sends what the variables of OpenTelemetry say', async () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: addressOf(),
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=air%20quality, authorization=Bearer%20k',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=other',
    OTEL_SERVICE_NAME: 'mine',
  }
  const publish: Span = { ...SPAN, kind: 'producer', attributes: { 'messaging.destination.name': 'hms.lint.v1', n: 7 } }
  for (const protocol of ['http/json', 'http/protobuf']) {
    const stop = tracing(new Metrics(), '', { ...env, OTEL_EXPORTER_OTLP_PROTOCOL: protocol })
    endSpan(publish)
    await stop()
    expect(headers).toMatchObject({ 'x-team': 'air quality', authorization: 'Bearer k', 'content-encoding': 'gzip' })
  }
  const [{ resource, scopeSpans }] = bodies[0]!.resourceSpans as [Sent['resourceSpans'][number]]
  const attributes = Object.fromEntries(resource.attributes.map(({ key, value }) => [key, value.stringValue]))
  expect(attributes).toMatchObject({ 'service.name': 'mine', 'deployment.environment.name': 'test', 'telemetry.sdk.language': 'nodejs' })
  expect(scopeSpans[0]!.spans[0]).toMatchObject({
    kind: 4,
    attributes: [
      { key: 'messaging.destination.name', value: { stringValue: 'hms.lint.v1' } },
      { key: 'n', value: { intValue: '7' } },
      { key: 'messaging.system', value: { stringValue: 'kafka' } },
    ],
  })
  expect([binary.length, binary[0]!.includes(Buffer.from(SPAN.traceId, 'hex'))]).toEqual([1, true])
})

it('accepts no spans without an endpoint, and none after it was stopped', async () => {
  const stopNone = startTracing({
    ...PROCESS,
    env: {},
    endpoint: undefined,
    clock: new VirtualClock(),
    log: silentLogger,
    metrics: new Metrics(),
  })
  expect(isExporting()).toBe(false)
  await stopNone()
  const stop = tracing()
  expect(isExporting()).toBe(true)
  await stop()
  expect(isExporting()).toBe(false)
})

/** Runs the next action of the clock, and returns the wait in ms until the one after it. */
async function nextWait(clock: VirtualClock): Promise<number> {
  clock.advanceTo(clock.nextAt()!)
  await vi.waitFor(() => expect(clock.nextAt()).toBeDefined(), { timeout: 30_000 })
  return clock.nextAt()! - clock.elapsedMs()
}

it('sends a batch again that a busy collector refuses, when it asks for it, and meanwhile sends nothing', async () => {
  const [metrics, clock] = [new Metrics(), new VirtualClock()]
  const stop = tracing(metrics, undefined, {}, clock)
  ;[status, retryAfter] = [429, '7']
  endSpan(SPAN)
  expect(await nextWait(clock)).toBe(7_000)
  ;[status, retryAfter] = [503, '100000']
  expect(await nextWait(clock)).toBe(60_000)
  for (let n = 0; n < 600; n++) endSpan(SPAN)
  status = 200
  expect(bodies).toHaveLength(2)
  await stop()
  expect(bodies.map(({ resourceSpans }) => resourceSpans[0]!.scopeSpans[0]!.spans.length)).toEqual([1, 1, 512, 89])
  expect(await counted(metrics)).toEqual(['hms_svc_otlp_spans_total{outcome="sent"} 601'])
})

it('backs off ever longer from a collector that is down, then drops the batch', async () => {
  const [metrics, clock] = [new Metrics(), new VirtualClock()]
  const stop = tracing(metrics, undefined, {}, clock)
  status = 503
  endSpan(SPAN)
  const waits: number[] = []
  for (let n = 0; n < 5; n++) waits.push(await nextWait(clock))
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000])
  clock.advanceTo(clock.nextAt()!)
  await vi.waitFor(async () => expect(await counted(metrics)).toEqual(['hms_svc_otlp_spans_total{outcome="refused"} 1']), {
    timeout: 30_000,
  })
  await stop()
  expect(bodies).toHaveLength(6)
})

it('sends nothing again that the collector refuses for good', async () => {
  const [metrics, clock] = [new Metrics(), new VirtualClock()]
  const stop = tracing(metrics, undefined, {}, clock)
  status = 400
  endSpan(SPAN)
  clock.advanceTo(clock.nextAt()!)
  await vi.waitFor(async () => expect(await counted(metrics)).toEqual(['hms_svc_otlp_spans_total{outcome="refused"} 1']), {
    timeout: 30_000,
  })
  await stop()
  expect(bodies).toHaveLength(1)
})

it('drops and counts spans that the collector refuses or that exceed the queue', async () => {
  status = 503
  const metrics = new Metrics()
  const stop = tracing(metrics)
  for (let n = 0; n < 5_000; n++) endSpan(SPAN)
  await stop()
  const lines = await counted(metrics)
  const total = lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)
  expect(total).toBe(5_000)
  expect(lines.some((line) => line.includes('refused'))).toBe(true)
  expect(lines.some((line) => line.includes('sent'))).toBe(false)
})
