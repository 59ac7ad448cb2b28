import { isValidSpanId, isValidTraceId, trace } from '@opentelemetry/api'
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'

/**
 * W3C Trace Context, for diagnosis only: no decision depends on it. A trace starts at an entry point (a request, a producer's record) and
 * continues in everything it causes: events and timers store the trace of their transaction, so no code in between passes it on.
 */
const traces = new AsyncLocalStorage<string>()

/** `traceparent` of version 00, and of later versions, which may have more members. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const MAX_LENGTH = 256
const SAMPLED = 1

interface TraceParts {
  traceId: string
  spanId: string
  flags: string
  isSampled: boolean
}

export function currentTraceparent(): string | undefined {
  return traces.getStore() ?? traceparentOfActiveSpan()
}

/**
 * Runs `work` as a span of the trace of `traceparent`, or of a new trace if missing or malformed. Without a `span`, `work` continues the
 * span of its cause, because each span that can become a parent must be exported.
 */
export function inTrace<T>(traceparent: string | null | undefined, work: () => T, span?: SpanKnown): T {
  const cause = validTraceparent(traceparent)
  if (span === undefined && cause !== undefined) return traces.run(cause, work) // guard: trace-orphans
  const [own, startMs] = [childTraceparent(cause), Date.now()]
  const end = (error?: unknown): void => exportSpan(own, cause, { name: 'background work', ...span, startMs, error })
  try {
    const result = traces.run(own, work)
    if (result instanceof Promise && isExporting()) void result.then(() => end(), end)
    else end()
    return result
  } catch (error) {
    end(error)
    throw error
  }
}

/** Runs `work` as the existing span `traceparent`. */
export function asSpan<T>(traceparent: string, work: () => T): T {
  return traces.run(traceparent, work)
}

/** Exports a completed span if its trace is sampled. `own`: its `traceparent`. `cause`: the `traceparent` of its cause. */
export function exportSpan(own: string, cause: unknown, { error, ...span }: SpanKnown & { startMs: number; error?: unknown }): void {
  const { traceId, spanId, isSampled } = partsOf(own)!
  if (!isExporting() || !isSampled) return
  if (error !== undefined) span.attributes = { ...span.attributes, 'error.type': typeOf(error) }
  endSpan({ traceId, spanId, parentSpanId: partsOf(cause)?.spanId, endMs: Date.now(), failed: error !== undefined, ...span })
}

/** Returns the value of `error.type`: a code, HTTP status or class, of which there are few. */
function typeOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown }
  return String(code ?? name ?? error)
}

/** Exports a completed span in which no code ran, such as a wait or a transfer, in the trace of its cause; nothing without a cause. */
export function exportWait(cause: string | null | undefined, span: SpanKnown & { startMs: number }): void {
  if (isExporting() && partsOf(cause) !== undefined) exportSpan(childTraceparent(cause), cause, span)
}

/** Returns the current trace, or a new one that begins with this span. */
export function traceparentOrRoot(span: SpanKnown): string {
  return currentTraceparent() ?? inTrace(undefined, () => currentTraceparent()!, span)
}

/** Runs work that outlives its cause (a clock's actions) outside any trace: else every loop would inherit the first request's trace. */
export function outsideTrace<T>(work: () => T): T {
  return traces.exit(work)
}

/**
 * Returns a new span in the same trace; in a new trace if the argument is not a `traceparent`. A process that exports no spans passes a
 * `traceparent` on unchanged, and marks a new trace as sampled: `00` would turn off sampling in the processes that it calls.
 */
export function childTraceparent(traceparent: unknown): string {
  const cause = partsOf(traceparent)
  if (exporter === undefined && cause !== undefined) return traceparent as string
  const traceId = cause?.traceId ?? randomBytes(16).toString('hex')
  const isSampled = exporter?.samples(traceId, cause?.isSampled) ?? true
  const flags = (parseInt(cause?.flags ?? '00', 16) & ~SAMPLED) | (isSampled ? SAMPLED : 0)
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${flags.toString(16).padStart(2, '0')}`
}

/** Returns the given `traceparent` (header of a record or request) unchanged; `undefined` if it is malformed. */
export function validTraceparent(traceparent: unknown): string | undefined {
  return partsOf(traceparent) === undefined ? undefined : (traceparent as string)
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}

/** A `tracestate` in printable ASCII. W3C requires to pass on 512 characters. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/
const MAX_STATES = 1_000
/** `tracestate` of the newest traces, by trace id. The database does not store it: after a restart the next request or record brings it. */
const states = new Map<string, string>()

/** Remembers the `tracestate` that came with a valid `traceparent`. What vendors put into it is passed on as it came. */
export function rememberTraceState(traceparent: unknown, tracestate: unknown): void {
  if (typeof tracestate !== 'string' || !TRACESTATE.test(tracestate)) return
  const traceId = partsOf(traceparent)?.traceId
  if (traceId === undefined) return
  states.delete(traceId)
  states.set(traceId, tracestate)
  if (states.size > MAX_STATES) states.delete(states.keys().next().value!)
}

export function traceStateHeader(traceparent: string | undefined): { tracestate?: string } {
  const tracestate = traceparent === undefined ? undefined : states.get(traceIdOf(traceparent))
  return tracestate === undefined ? {} : { tracestate }
}

/** Trace per request, created on first use: a successful read never needs one. */
const tracesByRequest = new WeakMap<object, string>()

export function traceOfRequest(request: { headers?: Record<string, unknown> }): string {
  let traceparent = tracesByRequest.get(request)
  if (traceparent !== undefined) return traceparent
  const { headers } = request
  rememberTraceState(headers?.['traceparent'], headers?.['tracestate'])
  tracesByRequest.set(request, (traceparent = childTraceparent(headers?.['traceparent'] ?? currentTraceparent())))
  return traceparent
}

function partsOf(traceparent: unknown): TraceParts | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > MAX_LENGTH) return undefined
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(traceparent) ?? []
  if (version === undefined || (version === '00' && more !== undefined)) return undefined
  const isSampled = (parseInt(flags, 16) & SAMPLED) === SAMPLED
  return isValidTraceId(traceId) && isValidSpanId(spanId) ? { traceId, spanId, flags, isSampled } : undefined // guard: trace-malformed
}

/** Returns the active span of an OpenTelemetry SDK in this process, if there is one. */
function traceparentOfActiveSpan(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext()
  return span === undefined ? undefined : `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`
}

/** Members of a span that the traced code provides. `attributes`: by OpenTelemetry's semantic conventions. */
export interface SpanKnown {
  name: string
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  attributes?: Record<string, string | number>
}

/** Returns a span of a message, by the conventions for messaging. */
export function messageSpan(
  operation: 'create' | 'publish' | 'process',
  { topic, id, type, key }: { topic: string; id: string; type: string; key: string | null },
  group?: string,
): SpanKnown {
  return {
    name: `${operation} ${topic}`,
    kind: operation === 'process' ? 'consumer' : 'producer',
    attributes: {
      'messaging.operation.name': operation,
      'messaging.operation.type': operation === 'publish' ? 'send' : operation,
      'messaging.destination.name': topic,
      'messaging.message.id': id,
      'cloudevents.event_type': type,
      ...(key === null ? {} : { 'messaging.kafka.message.key': key }),
      ...(group === undefined ? {} : { 'messaging.consumer.group.name': group }),
    },
  }
}

/** A completed piece of work for an exporter. Times in epoch milliseconds. */
export interface Span extends SpanKnown {
  traceId: string
  spanId: string
  /** Span of its cause; `undefined` at an entry point. */
  parentSpanId: string | undefined
  startMs: number
  endMs: number
  failed: boolean
}

/** Decides whether a new span is exported. `parent`: whether the span of its cause is exported; `undefined` at an entry point. */
export type Sampler = (traceId: string, parent: boolean | undefined) => boolean

let exporter: { take(span: Span): void; samples: Sampler } | undefined

/** Passes each completed span to `take`, until the returned function is called. One exporter per process. */
export function registerSpanExporter(take: (span: Span) => void, samples: Sampler = (_traceId, parent) => parent ?? true): () => void {
  const own = (exporter = { take, samples })
  return () => {
    if (exporter === own) exporter = undefined
  }
}

/** Whether an exporter is registered: without one, spans cost nothing. */
export function isExporting(): boolean {
  return exporter !== undefined
}

export function endSpan(span: Span): void {
  exporter?.take(span)
}
