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
export function exportSpans(take: Sink): () => void {
  sink = take
  return () => {
    if (sink === take) sink = undefined
  }
}

/** Whether an exporter is registered: without one, spans cost nothing. */
export function spansWanted(): boolean {
  return sink !== undefined
}

export function endSpan(span: Span): void {
  sink?.(span)
}
