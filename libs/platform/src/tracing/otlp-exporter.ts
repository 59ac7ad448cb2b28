import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { describeError } from '../failures.js'
import type { Clock } from '../clock.js'
import type { Metrics } from '../metrics.js'
import { registerSpanExporter, type Span } from '../trace.js'
import { readOtlpSettings, type OtlpSettings, type TracedProcess } from './otlp-settings.js'

const FLUSH_MS = 2_000
const BATCH = 512
/** Maximum spans queued for a slow or unavailable collector; further ones are dropped and counted. */
const MAX_WAITING = 4_096

interface TracingOptions extends TracedProcess {
  /** Value of OpenTelemetry's attribute `messaging.system`. */
  messaging: 'kafka' | 'postgresql'
  clock: Clock
  metrics: Metrics
}

/** Sends spans to a collector as OTLP over HTTP. Unsendable spans are dropped: nothing waits for a trace. */
class OtlpExporter {
  private waiting: Span[] = []
  private sending: Promise<void> | undefined
  private cancelNext: (() => void) | undefined
  private complained = false
  private readonly stopTaking: () => void
  private readonly sent = this.options.metrics.counter('otlp_spans_total', 'Spans for the collector, by outcome', ['outcome'])

  constructor(private readonly options: TracingOptions & { settings: OtlpSettings }) {
    this.stopTaking = registerSpanExporter((span) => this.take(span), options.settings.samples)
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
    const { log, messaging, settings } = this.options
    const { url, timeoutMs, resource } = settings
    const isJson = settings.protocol === 'http/json'
    const headers = { ...settings.headers, 'content-type': isJson ? 'application/json' : 'application/x-protobuf' }
    for (const { kind, attributes } of spans)
      if (attributes !== undefined && (kind === 'producer' || kind === 'consumer')) attributes['messaging.system'] = messaging
    try {
      // Loaded here, because a process without an endpoint needs no encoder, which takes 4 MB.
      const { toProtobuf, traceRequest } = await import('./otlp-document.js')
      const request = traceRequest(spans, resource)
      const plain = isJson ? JSON.stringify(request) : toProtobuf(request)
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, ...(settings.gzip ? { 'content-encoding': 'gzip' } : {}) },
        body: settings.gzip ? await promisify(gzip)(plain) : plain,
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
      })
      await response.body?.cancel()
      if (!response.ok) throw new Error(`status ${response.status}`)
      this.complained = false
      return 'sent'
    } catch (error) {
      // Logged once per outage.
      if (!this.complained)
        log.warn({ endpoint: new URL(url).origin, error: describeError(error) }, 'the collector takes no spans; they are dropped')
      this.complained = true
      return 'refused'
    }
  }
}

/** Starts the exporter if an endpoint is configured; the returned function sends the remaining spans and stops it. */
export function startTracing(options: TracingOptions): () => Promise<void> {
  const settings = readOtlpSettings(options)
  if (settings === undefined) return async () => {}
  const exporter = new OtlpExporter({ ...options, settings })
  return () => exporter.stop()
}
