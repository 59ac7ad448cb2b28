import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { describeError } from '../failures.js'
import type { Clock } from '../clock.js'
import type { Metrics } from '../metrics.js'
import { parseRetryAfter } from '../http/retry-after.js'
import { registerSpanExporter, type Span } from '../trace.js'
import { readOtlpSettings, type OtlpSettings, type TracedProcess } from './otlp-settings.js'

const FLUSH_MS = 2_000
const BATCH = 512
/** Maximum spans queued for a slow or unavailable collector; further ones are dropped and counted. */
const MAX_WAITING = 4_096
/** Statuses after which OTLP/HTTP sends a request again. */
const RETRYABLE: readonly number[] = [429, 502, 503, 504]
/** Number of retries of a batch, with waits of 1, 2, 4, 8 and 16 s, or `Retry-After` up to the maximum. */
const MAX_RETRIES = 5
const FIRST_WAIT_MS = 1_000
const MAX_WAIT_MS = 60_000

/** `waitMs`: wait that the collector requests before the batch is sent again; `undefined` if it is not to be sent again. */
type Answer = { outcome: 'sent' | 'refused'; waitMs?: number }

interface TracingOptions extends TracedProcess {
  /** Value of OpenTelemetry's attribute `messaging.system`. */
  messaging: 'kafka' | 'postgresql'
  clock: Clock
  metrics: Metrics
}

/** Sends spans to a collector as OTLP over HTTP, with retries. Spans that it does not take are dropped: nothing waits for a trace. */
class OtlpExporter {
  private waiting: Span[] = []
  private sending: Promise<void> | undefined
  private cancelNext: (() => void) | undefined
  private complained = false
  private isStopped = false
  /** Retries of the batch at the head of the queue. */
  private retries = 0
  private readonly stopTaking: () => void
  private readonly sent = this.options.metrics.counter('otlp_spans_total', 'Spans for the collector, by outcome', ['outcome'])

  constructor(private readonly options: TracingOptions & { settings: OtlpSettings }) {
    this.stopTaking = registerSpanExporter((span) => this.take(span), options.settings.samples)
  }

  /** Stops taking spans, and sends the queued ones once. Drops the rest when the collector does not take a batch for now. */
  async stop(): Promise<void> {
    this.stopTaking()
    this.isStopped = true
    this.cancelNext?.()
    await this.sending
    await this.flush()
  }

  private take(span: Span): void {
    if (this.waiting.length >= MAX_WAITING) return this.sent.inc({ outcome: 'dropped' })
    this.waiting.push(span)
    if (this.waiting.length >= BATCH && this.retries === 0) void this.flush()
    else if (this.cancelNext === undefined) this.flushAfter(FLUSH_MS)
  }

  /** Sends one request at a time. Never rejects. */
  private flush(): Promise<void> {
    return (this.sending ??= this.sendAll().finally(() => (this.sending = undefined)))
  }

  private async sendAll(): Promise<void> {
    this.cancelNext?.()
    this.cancelNext = undefined
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, BATCH)
      const { outcome, waitMs } = await this.send(batch)
      if (waitMs !== undefined && this.retries < MAX_RETRIES && !this.isStopped) {
        this.flushAfter(Math.min(Math.max(waitMs, FIRST_WAIT_MS * 2 ** this.retries++), MAX_WAIT_MS))
        return
      }
      this.retries = 0
      const count = this.isStopped && waitMs !== undefined ? this.waiting.length : batch.length
      this.sent.inc({ outcome }, this.waiting.splice(0, count).length)
    }
  }

  private flushAfter(waitMs: number): void {
    this.cancelNext?.()
    this.cancelNext = this.options.clock.after(waitMs, () => {
      this.cancelNext = undefined
      void this.flush()
    })
  }

  private async send(spans: readonly Span[]): Promise<Answer> {
    const { log, messaging, settings } = this.options
    const { url, timeoutMs, resource } = settings
    const isJson = settings.protocol === 'http/json'
    const headers = { ...settings.headers, 'content-type': isJson ? 'application/json' : 'application/x-protobuf' }
    for (const { kind, attributes } of spans)
      if (attributes !== undefined && (kind === 'producer' || kind === 'consumer')) attributes['messaging.system'] = messaging
    let waitMs: number | undefined = 0
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
      const retryAfter = response.headers.get('retry-after') ?? ''
      waitMs = RETRYABLE.includes(response.status) ? (parseRetryAfter(retryAfter, this.options.clock.now()) ?? 0) : undefined
      if (!response.ok) throw new Error(`status ${response.status}`)
      this.complained = false
      return { outcome: 'sent' }
    } catch (error) {
      // Logged once per outage.
      if (!this.complained)
        log.warn(
          { endpoint: new URL(url).origin, error: describeError(error) },
          'the collector takes no spans; they are sent again, then dropped',
        )
      this.complained = true
      return { outcome: 'refused', waitMs }
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
