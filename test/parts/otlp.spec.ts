import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Metrics, silentLogger, startTracing, systemClock } from '#libs/platform'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

/** Decodes the bodies of a collector with OpenTelemetry's own definitions, and prints their spans as JSON. */
const DECODER = `
import base64, gzip, json, sys
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
out = []
for line in open(sys.argv[1]):
    sent = json.loads(line)
    assert sent['type'] == 'application/x-protobuf' and sent['encoding'] == 'gzip' and sent['team'] == 'air quality', sent
    request = ExportTraceServiceRequest.FromString(gzip.decompress(base64.b64decode(sent['body'])))
    for part in request.resource_spans:
        of = lambda attributes: {a.key: getattr(a.value, a.value.WhichOneof('value')) for a in attributes}
        for scope in part.scope_spans:
            for s in scope.spans:
                out.append({'trace': s.trace_id.hex(), 'id': s.span_id.hex(), 'parent': s.parent_span_id.hex(), 'name': s.name, 'kind': s.kind, 'start': s.start_time_unix_nano, 'end': s.end_time_unix_nano, 'status': s.status.code, 'attributes': of(s.attributes), 'resource': of(part.resource.attributes)})
print(json.dumps(out))
`

interface Decoded {
  trace: string
  id: string
  parent: string
  name: string
  kind: number
  start: number
  end: number
  attributes: Record<string, string | number>
  resource: Record<string, string>
}

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'hms-otlp-'))
const lines: string[] = []
let collector: Server
let system: MemorySystem
let spans: Decoded[]

beforeAll(async () => {
  const python = join(folder, 'venv/bin/python')
  await run('python3', ['-m', 'venv', join(folder, 'venv')])
  await run(python, ['-m', 'pip', 'install', '--quiet', 'opentelemetry-proto==1.45.2'])
  collector = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { 'content-type': type, 'content-encoding': encoding, 'x-team': team } = request.headers
    lines.push(JSON.stringify({ type, encoding, team, body: Buffer.concat(chunks).toString('base64') }))
    response.end()
  })
  await new Promise<void>((ready) => collector.listen(0, '127.0.0.1', ready))
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-team=air%20quality',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  }
  const tracing = { env, endpoint: undefined, messaging: 'kafka' as const, service: 'hms-svc', version: '1.2.3' }
  const stopTracing = startTracing({ ...tracing, clock: systemClock, log: silentLogger, metrics: new Metrics() })
  system = await startMemorySystem()
  const pipeline = new PipelineDriver(system)
  const number = await pipeline.approve(['pm25-limit@1.0.0=35'], { share: 10_000, scope: 'region:NCR', observeMs: 0, bakeMs: 0 })
  await system.runUntil(async () => (await pipeline.show(number)).state === 'SUCCEEDED', 400_000)
  await stopTracing()
  writeFileSync(join(folder, 'requests'), `${lines.join('\n')}\n`)
  writeFileSync(join(folder, 'decode.py'), DECODER)
  spans = JSON.parse(
    (await run(python, [join(folder, 'decode.py'), join(folder, 'requests')], { maxBuffer: 64 * 1024 * 1024 })).stdout,
  ) as Decoded[]
}, 300_000)
afterAll(async () => {
  await system?.stop()
  collector?.closeAllConnections()
  collector?.close()
  rmSync(folder, { recursive: true, force: true })
})

it('OpenTelemetry decodes the spans of a run, with their resource', () => {
  expect(spans.length).toBeGreaterThan(20)
  for (const { trace, id, start, end, resource } of spans) {
    expect([trace, id]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{16}$/)])
    expect(end).toBeGreaterThanOrEqual(start)
    expect(resource).toMatchObject({ 'service.name': 'hms-svc', 'service.version': '1.2.3', 'deployment.environment.name': 'test' })
  }
})

it('requests and messages follow the semantic conventions', () => {
  const [, server, client, producer, consumer] = [1, 2, 3, 4, 5].map((kind) => spans.filter((span) => span.kind === kind))
  expect(server!.find(({ name }) => name === 'POST /v1/approvals')?.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.response.status_code': 202,
    'http.route': '/v1/approvals',
    'url.path': '/v1/approvals',
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
  })
  expect(producer!.find(({ name }) => name === 'publish hms.approval.v1')?.attributes).toMatchObject({
    'messaging.system': 'kafka',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'hms.approval.v1',
  })
  expect(consumer!.find(({ name }) => name === 'process hms.approval.v1')?.attributes).toMatchObject({
    'messaging.system': 'kafka',
    'messaging.operation.type': 'process',
    'messaging.consumer.group.name': expect.any(String),
  })
  expect(client).toBeDefined()
})

it('each parent was sent too', () => {
  const known = new Set(spans.map(({ id }) => id))
  expect(spans.filter(({ parent }) => parent !== '' && !known.has(parent)).map(({ name }) => name)).toEqual([])
})
