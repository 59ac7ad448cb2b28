import { isValidSpanId, isValidTraceId, trace } from '@opentelemetry/api'
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'

/**
 * W3C Trace Context. A trace starts at an entry point (a request, a record of a producer) and continues in everything that the entry point
 * causes: events and timers store the trace of their transaction, so no code in between passes it on. A trace is for diagnosis only; no
 * decision depends on it.
 */
const traces = new AsyncLocalStorage<string>()

/** `traceparent` of version 00, and of later versions, which may have more members. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const MAX_LENGTH = 256

interface TraceParts {
  traceId: string
  spanId: string
  flags: string
}

/** Returns the current trace as `traceparent`. */
export function currentTraceparent(): string | undefined {
  return traces.getStore() ?? traceparentOfActiveSpan()
}

/** Runs `work` as a span of the trace of `traceparent`, or of a new one if missing or malformed. `name`: for export of the span. */
export function inTrace<T>(traceparent: string | null | undefined, work: () => T, name?: string): T {
  const own = childTraceparent(traceparent)
  if (name === undefined || !isExporting()) return traces.run(own, work)
  const startMs = Date.now()
  const end = (failed: boolean): void => exportSpan(own, traceparent, { name, startMs, failed })
  try {
    const result = traces.run(own, work)
    if (result instanceof Promise)
      void result.then(
        () => end(false),
        () => end(true),
      )
    else end(false)
    return result
  } catch (error) {
    end(true)
    throw error
  }
}

/** Runs `work` as the existing span `traceparent`. */
export function asSpan<T>(traceparent: string, work: () => T): T {
  return traces.run(traceparent, work)
}

/** Exports a completed span. `own`: its `traceparent`. `cause`: the `traceparent` of its cause. */
export function exportSpan(own: string, cause: unknown, span: { name: string; startMs: number; failed: boolean }): void {
  const { traceId, spanId } = partsOf(own)!
  endSpan({ traceId, spanId, parentSpanId: partsOf(cause)?.spanId, endMs: Date.now(), ...span })
}

/** Exports a completed span in which no code ran, such as a wait or a transfer, in the trace of its cause; nothing without a cause. */
export function exportWait(cause: string | null | undefined, name: string, startMs: number): void {
  if (isExporting() && partsOf(cause) !== undefined) exportSpan(childTraceparent(cause), cause, { name, startMs, failed: false })
}

/** Runs work that outlives its cause (a clock's actions) outside any trace: else every loop would inherit the first request's trace. */
export function outsideTrace<T>(work: () => T): T {
  return traces.exit(work)
}

/** Returns a new span in the same trace; in a new trace if the argument is not a `traceparent`. */
export function childTraceparent(traceparent: unknown): string {
  const { traceId, flags } = partsOf(traceparent) ?? { traceId: randomBytes(16).toString('hex'), flags: isExporting() ? '01' : '00' }
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`
}

/** Returns the `traceparent` header of a record or request; `undefined` if it is malformed. */
export function validTraceparent(traceparent: unknown): string | undefined {
  return partsOf(traceparent) === undefined ? undefined : (traceparent as string)
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}

/** Trace per request, created on first use: a successful read never needs one. */
const tracesByRequest = new WeakMap<object, string>()

export function traceOfRequest(request: { headers?: Record<string, unknown> }): string {
  let traceparent = tracesByRequest.get(request)
  if (traceparent === undefined)
    tracesByRequest.set(request, (traceparent = childTraceparent(request.headers?.['traceparent'] ?? currentTraceparent())))
  return traceparent
}

function partsOf(traceparent: unknown): TraceParts | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > MAX_LENGTH) return undefined
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(traceparent) ?? []
  if (version === undefined || (version === '00' && more !== undefined)) return undefined
  return isValidTraceId(traceId) && isValidSpanId(spanId) ? { traceId, spanId, flags } : undefined // guard: trace-malformed
}

/** Returns the active span of an OpenTelemetry SDK in this process, if there is one. */
function traceparentOfActiveSpan(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext()
  return span === undefined ? undefined : `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`
}

/** A completed piece of work for an exporter. Times in epoch milliseconds. */
export interface Span {
  traceId: string
  spanId: string
  /** Span of its cause; `undefined` at an entry point. */
  parentSpanId: string | undefined
  name: string
  startMs: number
  endMs: number
  failed: boolean
}

type Sink = (span: Span) => void

let sink: Sink | undefined

/** Passes each completed span to `take`, until the returned function is called. One exporter per process. */
export function registerSpanExporter(exporter: Sink): () => void {
  sink = exporter
  return () => {
    if (sink === exporter) sink = undefined
  }
}

/** Whether an exporter is registered: without one, spans cost nothing. */
export function isExporting(): boolean {
  return sink !== undefined
}

export function endSpan(span: Span): void {
  sink?.(span)
}
