/** A piece of work that is over, as an exporter takes it. Times in ms since the epoch. */
export interface Span {
  traceId: string
  spanId: string
  /** Of the work that caused it; `undefined` at the door. */
  parentSpanId: string | undefined
  name: string
  startMs: number
  endMs: number
  failed: boolean
}

type Sink = (span: Span) => void

let sink: Sink | undefined

/** Hands each span that ends to `take`, until the returned function is called. One exporter for each process. */
export function exportSpans(take: Sink): () => void {
  sink = take
  return () => {
    if (sink === take) sink = undefined
  }
}

/** Whether anybody wants spans: without an exporter they cost nothing. */
export function spansWanted(): boolean {
  return sink !== undefined
}

export function endSpan(span: Span): void {
  sink?.(span)
}
