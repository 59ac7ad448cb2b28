import { isSpanContextValid, trace } from '@opentelemetry/api'

/**
 * W3C Trace Context of the span that this code runs in, where the program runs an OpenTelemetry SDK: what follows from a call, up to the bots
 * that acknowledge it, is in the trace of who called.
 */
export function traceHeader(): { traceparent?: string } {
  const span = trace.getActiveSpan()?.spanContext()
  if (span === undefined || !isSpanContextValid(span)) return {}
  return { traceparent: `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}` }
}
