import { isValidSpanId, isValidTraceId, trace } from '@opentelemetry/api'
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { endSpan, spansWanted } from './tracing/span.js'

/**
 * W3C Trace Context. A trace begins at the door (a request, a record of a producer) and goes on in everything that follows from it: the
 * transaction's events and timers take it with them, so no code in between names it. It is for people who look for causes; nothing is
 * decided by it.
 */
const traces = new AsyncLocalStorage<string>()

/** Version 00, and those that may follow it with more members. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const MAX_LENGTH = 256

interface TraceParts {
  traceId: string
  spanId: string
  flags: string
}

/** The trace that this code runs in, as `traceparent`. */
export function currentTraceparent(): string | undefined {
  return traces.getStore() ?? ofActiveSpan()
}

/**
 * Runs `work` in the trace of `traceparent`, as a span of its own; in a new one where there is none, or what is there is malformed. `name`:
 * of that span, where it is worth showing.
 */
export function inTrace<T>(traceparent: string | null | undefined, work: () => T, name?: string): T {
  const own = continued(traceparent)
  if (name === undefined || !spansWanted()) return traces.run(own, work)
  const startMs = Date.now()
  const end = (failed: boolean): void => showSpan(own, traceparent, { name, startMs, failed })
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

/** Runs `work` as the span that `traceparent` is already. */
export function asSpan<T>(traceparent: string, work: () => T): T {
  return traces.run(traceparent, work)
}

/** Shows work that is over: `own` is its `traceparent`, `cause` that of what caused it. */
export function showSpan(own: string, cause: unknown, span: { name: string; startMs: number; failed: boolean }): void {
  const { traceId, spanId } = partsOf(own)!
  endSpan({ traceId, spanId, parentSpanId: partsOf(cause)?.spanId, endMs: Date.now(), ...span })
}

/** Shows work that nothing runs in: a wait, a way. In the trace of what caused it, if it is in one. */
export function showWait(cause: string | null | undefined, name: string, startMs: number): void {
  if (spansWanted() && partsOf(cause) !== undefined) showSpan(continued(cause), cause, { name, startMs, failed: false })
}

/** For what outlives its cause, as a clock's actions do: without this the first request would give its trace to every loop it woke. */
export function outsideTrace<T>(work: () => T): T {
  return traces.exit(work)
}

/** The same trace with a span of this process; a new one for what is not a `traceparent`. */
export function continued(traceparent: unknown): string {
  const { traceId, flags } = partsOf(traceparent) ?? { traceId: randomBytes(16).toString('hex'), flags: spansWanted() ? '01' : '00' }
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${flags}`
}

/** A header of a record or request as it came; `undefined` for what is malformed. */
export function validTraceparent(traceparent: unknown): string | undefined {
  return partsOf(traceparent) === undefined ? undefined : (traceparent as string)
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}

/** One trace per request, made when it is first asked for: a read that goes well never needs it. */
const ofRequests = new WeakMap<object, string>()

export function traceOfRequest(request: { headers?: Record<string, unknown> }): string {
  let traceparent = ofRequests.get(request)
  if (traceparent === undefined)
    ofRequests.set(request, (traceparent = continued(request.headers?.['traceparent'] ?? currentTraceparent())))
  return traceparent
}

function partsOf(traceparent: unknown): TraceParts | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > MAX_LENGTH) return undefined
  const [, version, traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(traceparent) ?? []
  if (version === undefined || (version === '00' && more !== undefined)) return undefined
  return isValidTraceId(traceId) && isValidSpanId(spanId) ? { traceId, spanId, flags } : undefined
}

/** Where somebody runs an OpenTelemetry SDK in this process. */
function ofActiveSpan(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext()
  return span === undefined ? undefined : `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`
}
