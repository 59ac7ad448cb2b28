import { expect, it } from 'vitest'
import { silentLogger, type Logger } from '../logger.js'
import { readOtlpSettings } from './otlp-settings.js'

const COLLECTOR = 'http://collector:4318'
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

function read(env: Record<string, string>, endpoint?: string) {
  const warnings: string[] = []
  const log: Logger = {
    ...silentLogger,
    warn: (fields: unknown, text?: string) => void warnings.push(JSON.stringify(fields) + text),
    child: () => log,
  }
  return { settings: readOtlpSettings({ env, endpoint, service: 'linter', version: '1', log }), warnings }
}

it.each<[Record<string, string>, string | undefined, string | undefined]>([
  [{}, undefined, undefined],
  [{}, COLLECTOR, `${COLLECTOR}/v1/traces`],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: `${COLLECTOR}/base/` }, undefined, `${COLLECTOR}/base/v1/traces`],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces/in' }, undefined, 'http://traces/in'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://other' }, COLLECTOR, `${COLLECTOR}/v1/traces`],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_SDK_DISABLED: 'TRUE' }, undefined, undefined],
  [{ OTEL_SDK_DISABLED: 'true' }, COLLECTOR, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR, OTEL_TRACES_EXPORTER: 'none' }, undefined, undefined],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, undefined, undefined],
])('with %o and HMS_OTLP_ENDPOINT %s spans go to %s', (env, endpoint, url) => {
  expect(read(env, endpoint).settings?.url).toBe(url)
})

it('protobuf is the default of OpenTelemetry, JSON the one of HMS_OTLP_ENDPOINT, and both can be chosen', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: COLLECTOR }
  expect([read(env).settings?.protocol, read({}, COLLECTOR).settings?.protocol]).toEqual(['http/protobuf', 'http/json'])
  expect(read({ ...env, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }).settings?.protocol).toBe('http/json')
  const ofTraces = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'HTTP/JSON' }
  expect(read({ ...env, ...ofTraces }).settings?.protocol).toBe('http/json')
})

it('ignores and logs invalid values, and repeats no header', () => {
  const { settings, warnings } = read({
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://u%40x:a-secret@collector/x?key=a-secret',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'zstd',
    OTEL_EXPORTER_OTLP_TIMEOUT: 'soon',
    OTEL_EXPORTER_OTLP_HEADERS: 'a=a-secret%0A',
    OTEL_RESOURCE_ATTRIBUTES: 'a=1,b',
    OTEL_TRACES_SAMPLER: 'jaeger_remote',
  })
  expect(settings).toMatchObject({ protocol: 'http/protobuf', gzip: false, timeoutMs: 5_000 })
  expect(settings?.headers).toEqual({ authorization: `Basic ${Buffer.from('u@x:a-secret').toString('base64')}` })
  expect(settings?.resource).not.toHaveProperty('a')
  expect(settings?.samples(TRACE, undefined)).toBe(true)
  expect(warnings.map((each) => /OTEL_\w+/.exec(each)?.[0])).toEqual([
    'OTEL_EXPORTER_OTLP_HEADERS',
    'OTEL_EXPORTER_OTLP_PROTOCOL',
    'OTEL_EXPORTER_OTLP_COMPRESSION',
    'OTEL_RESOURCE_ATTRIBUTES',
    'OTEL_TRACES_SAMPLER',
  ])
  expect(warnings.join()).not.toContain('a-secret')
})

it.each<[string | undefined, string | undefined, boolean[]]>([
  // At an entry point, of a sampled cause, of another cause.
  [undefined, undefined, [true, true, false]],
  ['always_on', undefined, [true, true, true]],
  ['always_off', undefined, [false, false, false]],
  ['parentbased_always_off', undefined, [false, true, false]],
  ['traceidratio', '0', [false, false, false]],
  ['traceidratio', '1', [true, true, true]],
  ['parentbased_traceidratio', '0', [false, true, false]],
  ['parentbased_traceidratio', 'half', [true, true, false]],
])('the sampler %s with %s', (sampler, argument, expected) => {
  const env = { OTEL_TRACES_SAMPLER: sampler ?? '', OTEL_TRACES_SAMPLER_ARG: argument ?? '' }
  const { samples } = read(env, COLLECTOR).settings!
  expect([samples(TRACE, undefined), samples(TRACE, true), samples(TRACE, false)]).toEqual(expected)
})

it('a ratio samples that share of all traces, the same ones everywhere', () => {
  const { samples } = read({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, COLLECTOR).settings!
  const traces = Array.from({ length: 256 }, (_, at) => `${'0'.repeat(18)}${at.toString(16).padStart(2, '0')}${'0'.repeat(12)}`)
  expect(traces.filter((trace) => samples(trace, undefined))).toEqual(traces.slice(192))
})
