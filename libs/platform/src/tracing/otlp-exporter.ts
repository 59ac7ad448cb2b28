import { describeError } from '../failures.js'
import type { Clock } from '../clock.js'
import type { Logger } from '../logger.js'
import type { Metrics } from '../metrics.js'
import { registerSpanExporter, type Span } from '../trace.js'

const FLUSH_MS = 2_000
const BATCH = 512
/** Maximum spans queued for a slow or unavailable collector; further ones are dropped and counted. */
const MAX_WAITING = 4_096
const ANSWER_MS = 5_000

interface OtlpOptions {
  /** Base URL of a collector that accepts OTLP over HTTP; spans are posted to `/v1/traces`. */
  endpoint: string
  /** `service.name` of the process. */
  service: string
  version: string
  clock: Clock
  log: Logger
  metrics: Metrics
}

/** Sends spans to a collector as OTLP/HTTP JSON. Unsendable spans are dropped: nothing waits for a trace. */
class OtlpExporter {
  private waiting: Span[] = []
  private sending: Promise<void> | undefined
  private cancelNext: (() => void) | undefined
  private complained = false
  private readonly stopTaking: () => void
  private readonly sent = this.options.metrics.counter('otlp_spans_total', 'Spans for the collector, by what came of them', ['outcome'])

  constructor(private readonly options: OtlpOptions) {
    this.stopTaking = registerSpanExporter((span) => this.take(span))
  }

  /** Sends the queued spans once, and accepts no more. */
  async stop(): Promise<void> {
    this.stopTaking()
    this.cancelNext?.()
    await this.sending
    await this.flush()
  }

  private take(span: Span): void {
    if (this.waiting.length >= MAX_WAITING) return this.sent.inc({ outcome: 'dropped' })
    this.waiting.push(span)
    if (this.waiting.length >= BATCH) void this.flush()
    else this.cancelNext ??= this.options.clock.after(FLUSH_MS, () => void this.flush())
  }

  /** Sends one request at a time. Never rejects. */
  private flush(): Promise<void> {
    return (this.sending ??= this.sendAll().finally(() => (this.sending = undefined)))
  }

  private async sendAll(): Promise<void> {
    this.cancelNext?.()
    this.cancelNext = undefined
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, BATCH)
      const outcome = await this.send(batch)
      this.sent.inc({ outcome }, batch.length)
    }
  }

  private async send(spans: readonly Span[]): Promise<'sent' | 'refused'> {
    const { endpoint, log } = this.options
    try {
      const response = await fetch(`${endpoint}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(this.document(spans)),
        signal: AbortSignal.timeout(ANSWER_MS),
        redirect: 'error',
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`status ${response.status}`)
      this.complained = false
      return 'sent'
    } catch (error) {
      // Logged once per outage.
      if (!this.complained) log.warn({ endpoint, error: describeError(error) }, 'the collector takes no spans; they are dropped')
      this.complained = true
      return 'refused'
    }
  }

  private document(spans: readonly Span[]): object {
    const { service, version } = this.options
    const attributes = [text('service.name', service), text('service.version', version)]
    return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'hms-svc' }, spans: spans.map(toOtlp) }] }] }
  }
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } }
}

/** `SPAN_KIND_INTERNAL` is 1, `STATUS_CODE_ERROR` 2. */
function toOtlp({ traceId, spanId, parentSpanId, name, startMs, endMs, failed }: Span): object {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: 1,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(endMs),
    status: failed ? { code: 2 } : {},
  }
}

function nanos(ms: number): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n)
}

/** Starts the exporter if an endpoint is configured; the returned function sends the remaining spans and stops it. */
export function startTracing({
  endpoint,
  ...options
}: Omit<OtlpOptions, 'endpoint'> & { endpoint: string | undefined }): () => Promise<void> {
  if (endpoint === undefined) return async () => {}
  const exporter = new OtlpExporter({ endpoint: endpoint.replace(/\/$/, ''), ...options })
  return () => exporter.stop()
}
