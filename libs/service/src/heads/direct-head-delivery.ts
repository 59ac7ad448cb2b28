import { isObject, jsonIn, readText, type Envelope, type HeadReceipt, type IssuedHeads, type SignedFreshness } from '#libs/contracts'
import { currentTraceparent, describeError, inTrace, pause, traceStateHeader, type Clock, type Logger } from '#libs/platform'

export interface DirectDelivery {
  url: string
  ok: boolean
  revision: number
  storedAt?: string
  detail?: string
  /** Set if config-store itself refused the heads and will never store them. Not set if a proxy refused the request. */
  refused?: true
}

/** Whether there are config-stores, and each refused the heads permanently. */
export function isRefusedByAll(deliveries: readonly DirectDelivery[]): boolean {
  return deliveries.length > 0 && deliveries.every(({ refused }) => refused === true)
}

const ATTEMPT_TIMEOUT_MS = 2_000
const MAX_RESPONSE_BYTES = 64 * 1024
const RETRY_MS = 250
const GIVE_UP_AFTER_MS = 30_000

/** Sends rollbacks and renewals directly to every config-store, concurrently with the durable outbox; `seq` makes copies harmless. */
export class DirectHeadDelivery {
  constructor(
    private readonly urls: readonly string[],
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Sends once to each config-store, concurrently. Those that failed, or refused what others stored, are retried later. Never throws. */
  async deliver(heads: IssuedHeads): Promise<DirectDelivery[]> {
    const deliveries = await Promise.all(this.urls.map((url) => this.post(url, heads)))
    const failed = deliveries.filter(({ ok }) => !ok).map(({ url }) => url)
    if (failed.length > 0 && !isRefusedByAll(deliveries)) void inTrace(currentTraceparent(), () => this.deliverWithRetries(heads, failed))
    return deliveries
  }

  /** Sends in the background until every config-store has the heads, for at most half a minute; after that the bus delivers them. */
  deliverSoon(heads: IssuedHeads, traceparent?: string): void {
    void inTrace(traceparent, () => this.deliverWithRetries(heads, this.urls))
  }

  /** Sends a freshness statement once to each config-store; the next statement follows in seconds. Never throws. */
  async refresh(freshness: Envelope): Promise<void> {
    const body: SignedFreshness = { freshness }
    await Promise.all(
      this.urls.map((url) =>
        this.send(`${url}/v1/freshness`, body).catch((error: unknown) =>
          this.log.debug({ url, error: describeError(error) }, 'freshness statement not delivered'),
        ),
      ),
    )
  }

  private async deliverWithRetries(heads: IssuedHeads, urls: readonly string[]): Promise<void> {
    const until = this.clock.now().getTime() + GIVE_UP_AFTER_MS
    let open = [...urls]
    while (open.length > 0 && this.clock.now().getTime() < until) {
      const results = await Promise.all(open.map((url) => this.post(url, heads)))
      open = results.filter((result) => !result.ok).map((result) => result.url)
      if (open.length > 0) await pause(this.clock, RETRY_MS)
    }
  }

  private async post(url: string, heads: IssuedHeads): Promise<DirectDelivery> {
    try {
      const attributes: Record<string, string | number> = {
        'http.request.method': 'POST',
        'url.full': `${url}/v1/heads`,
        'server.address': new URL(url).hostname,
      }
      const send = async (): Promise<Response> => {
        const sent = await this.send(`${url}/v1/heads`, heads)
        attributes['http.response.status_code'] = sent.status
        return sent
      }
      const response = await inTrace(currentTraceparent(), send, { name: 'POST /v1/heads', kind: 'client', attributes })
      const body = await readText(response.body, MAX_RESPONSE_BYTES)
      if (!response.ok) {
        const refusal = refusalIn(body)
        // guard: proxy-refuses-no-head
        const refused = response.status < 500 && refusal?.startsWith('HMS_HEAD_') === true ? { refused: true as const } : {}
        return { url, ok: false, revision: 0, detail: refusal ?? `status ${response.status}: ${body.slice(0, 300)}`, ...refused }
      }
      const receipt = JSON.parse(body) as HeadReceipt
      return { url, ok: true, revision: receipt.revision, storedAt: receipt.storedAt }
    } catch (error) {
      this.log.debug({ url, error: describeError(error) }, 'head not delivered directly')
      return { url, ok: false, revision: 0, detail: describeError(error) }
    }
  }

  private send(url: string, body: object): Promise<Response> {
    const traceparent = currentTraceparent()
    return fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(traceparent === undefined ? {} : { traceparent, ...traceStateHeader(traceparent) }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
      redirect: 'error',
    })
  }
}

/** Returns `CODE: detail` of a response that is a problem document (RFC 9457). */
function refusalIn(body: string): string | undefined {
  const problem = jsonIn(body)
  if (!isObject(problem)) return undefined
  const { code, detail } = problem
  return typeof code === 'string' && typeof detail === 'string' ? `${code}: ${detail.slice(0, 300)}` : undefined
}
