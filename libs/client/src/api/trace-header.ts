/** Where `@opentelemetry/api` 1.x keeps what an SDK registered, and where a context keeps its span: both fixed for that major version. */
const API = Symbol.for('opentelemetry.js.api.1')
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN')

interface SpanContext {
  traceId: string
  spanId: string
  traceFlags: number
}

/** What of the API is asked. Read where it lies, for the client brings no package of OpenTelemetry. */
interface Registered {
  context?: { active(): { getValue(key: symbol): { spanContext?(): Partial<SpanContext> } | undefined } }
}

/**
 * W3C Trace Context of the span that this code runs in, where the program runs an OpenTelemetry SDK: what follows from a call, up to the
 * bots that acknowledge it, is in the trace of who called.
 */
export function traceHeader(): { traceparent?: string } {
  const registered = (globalThis as Record<symbol, unknown>)[API] as Registered | undefined
  const { traceId = '', spanId = '', traceFlags = 0 } = registered?.context?.active().getValue(SPAN)?.spanContext?.() ?? {}
  if (!isId(traceId, 32) || !isId(spanId, 16)) return {}
  return { traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}` }
}

function isId(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text)
}
