import { randomUUID } from 'node:crypto'
import type { Environment } from '../environment.js'
import type { Logger } from '../logger.js'
import type { Sampler } from '../trace.js'

const ANSWER_MS = 5_000
const NOT_PAIRS = 'it must look like name=value,name=value'
/** Valid name and decoded value of a header. The error of `fetch` about an invalid header would contain the value, which may be a key. */
const HEADER = /^[!#$%&'*+.^`|~\w-]+=[\t\x20-\x7e]*$/

export interface OtlpSettings {
  url: string
  headers: Record<string, string>
  protocol: 'http/json' | 'http/protobuf'
  gzip: boolean
  timeoutMs: number
  resource: Record<string, string>
  samples: Sampler
}

/** Process whose spans are sent. `endpoint`: value of `HMS_OTLP_ENDPOINT`. `service`: default of `service.name`. */
export interface TracedProcess {
  env: Environment
  endpoint: string | undefined
  service: string
  version: string
  log: Logger
}

/**
 * Reads the variables of OpenTelemetry's specification; `undefined` if no spans are to be sent. As the specification demands, an invalid
 * value is logged and ignored: a variable that is set for a whole cluster stops no service.
 */
export function readOtlpSettings({ env, endpoint, service, version, log }: TracedProcess): OtlpSettings | undefined {
  const text = (name: string): string | undefined => env[name]?.trim() || undefined
  const ofTraces = (name: string): string | undefined => text(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? text(`OTEL_EXPORTER_OTLP_${name}`)
  const ignore = (variable: string, why: string): undefined => {
    log.warn({ variable }, `a setting of OpenTelemetry is ignored: ${why}`)
  }
  const choice = <T extends string>(variable: string, value: string | undefined, known: readonly T[]): T | undefined =>
    value === undefined
      ? undefined
      : (known.find((each) => each === value.toLowerCase()) ?? ignore(variable, `known are ${known.join(', ')}`))

  const base = endpoint || text('OTEL_EXPORTER_OTLP_ENDPOINT')
  const target = text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ?? (base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`)
  const isDisabled = text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || text('OTEL_TRACES_EXPORTER')?.toLowerCase() === 'none'
  if (target === undefined || isDisabled) return undefined
  if (!/^https?:\/\//i.test(target) || !URL.canParse(target)) return ignore('OTEL_EXPORTER_OTLP_ENDPOINT', 'it is not an http URL')
  const url = new URL(target)
  const headers = readPairs(ofTraces('HEADERS'), () => ignore('OTEL_EXPORTER_OTLP_HEADERS', NOT_PAIRS), HEADER)
  if (url.username !== '')
    headers['authorization'] ??= `Basic ${Buffer.from(`${decode(url.username)}:${decode(url.password)}`).toString('base64')}`
  url.username = url.password = ''
  const timeoutMs = Number(ofTraces('TIMEOUT') ?? ANSWER_MS)
  return {
    url: url.href,
    headers,
    // The specification's default is protobuf. `endpoint` keeps JSON, as in versions that did not read the specification's variables.
    protocol:
      choice('OTEL_EXPORTER_OTLP_PROTOCOL', ofTraces('PROTOCOL'), ['http/json', 'http/protobuf']) ??
      (endpoint ? 'http/json' : 'http/protobuf'),
    gzip: choice('OTEL_EXPORTER_OTLP_COMPRESSION', ofTraces('COMPRESSION'), ['gzip', 'none']) === 'gzip',
    timeoutMs: timeoutMs > 0 ? timeoutMs : ANSWER_MS,
    resource: {
      'service.name': service,
      'service.version': version,
      'service.instance.id': randomUUID(),
      'telemetry.sdk.name': 'hms-svc',
      'telemetry.sdk.language': 'nodejs',
      'telemetry.sdk.version': version,
      ...readPairs(text('OTEL_RESOURCE_ATTRIBUTES'), () => ignore('OTEL_RESOURCE_ATTRIBUTES', NOT_PAIRS)),
      ...(text('OTEL_SERVICE_NAME') === undefined ? {} : { 'service.name': text('OTEL_SERVICE_NAME')! }),
    },
    samples: readSampler(choice('OTEL_TRACES_SAMPLER', text('OTEL_TRACES_SAMPLER'), SAMPLERS), text('OTEL_TRACES_SAMPLER_ARG')),
  }
}

/** Reads `name=value,name=value`, percent-encoded as in W3C Baggage. If one pair is invalid, all pairs are ignored. */
function readPairs(text: string | undefined, ignore: () => void, form = /^[^=\s]+=/): Record<string, string> {
  const parts = (text?.split(',') ?? []).map((part) => part.trim()).filter((part) => part !== '')
  const pairs = parts.map((part) => /^([^=]*?)\s*=\s*(.*)$/s.exec(part)?.slice(1).map(decode) ?? [])
  if (pairs.every((pair) => form.test(pair.join('=')))) return Object.fromEntries(pairs as [string, string][])
  ignore()
  return {}
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const PARENT_BASED = 'parentbased_'
const SAMPLERS = ['always_on', 'always_off', 'traceidratio'].flatMap((name) => [name, `${PARENT_BASED}${name}`])

function readSampler(name = `${PARENT_BASED}always_on`, argument = '1'): Sampler {
  const isRatio = Number(argument) >= 0 && Number(argument) <= 1
  const share = name.endsWith('always_off') ? 0 : name.endsWith('traceidratio') && isRatio ? Number(argument) : 1
  // The last 56 bits of a trace's id are random (W3C Trace Context, level 2): every process decides alike.
  const samples = (traceId: string): boolean => parseInt(traceId.slice(-14), 16) >= (1 - share) * 2 ** 56
  return (traceId, parent) => (name.startsWith(PARENT_BASED) ? parent : undefined) ?? samples(traceId)
}
