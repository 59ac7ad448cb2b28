/** Symbols of the registered SDK in `@opentelemetry/api` 1.x and of the span in a context, stable within that major version. */
const API = Symbol.for('opentelemetry.js.api.1')
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN')

interface SpanContext {
  traceId?: string
  spanId?: string
  traceFlags?: number
  traceState?: { serialize(): string }
}

/** Part of the OpenTelemetry API that is used here, through the symbols: the client depends on no OpenTelemetry package. */
interface Registered {
  context?: { active(): { getValue(key: symbol): { spanContext?(): SpanContext } | undefined } }
}

/** Returns the W3C trace context of the current OpenTelemetry span, whose trace then includes all effects of the call. */
export function traceHeader(): { traceparent?: string; tracestate?: string } {
  const registered = (globalThis as Record<symbol, unknown>)[API] as Registered | undefined
  const { traceId = '', spanId = '', traceFlags = 0, traceState } = registered?.context?.active().getValue(SPAN)?.spanContext?.() ?? {}
  if (!isId(traceId, 32) || !isId(spanId, 16)) return {}
  const tracestate = traceState?.serialize()
  return { traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`, ...(tracestate ? { tracestate } : {}) }
}

function isId(text: string, digits: number): boolean {
  return text.length === digits && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text)
}
