const ANSWER_MS = 5_000
const MAX_ANSWER_BYTES = 64 * 1024
/** Assumed lifetime of a token if the response does not state the lifetime. */
const UNKNOWN_LIFE_S = 60
/** A token is replaced this long before its expiry, or after half of its lifetime if that is later; kafkajs logs in 10 s before expiry. */
const RENEW_BEFORE_S = 60

interface Options {
  tokenUrl: URL
  client: string
  secret: string
  scope?: string | undefined
  audience?: string | undefined
}

/** Fetches tokens by OAuth client credentials (RFC 6749, section 4.4) and keeps each until shortly before it expires. */
export class ClientCredentials {
  private token: { value: string; renewAt: number } | undefined
  private pending: Promise<string> | undefined

  /** `now`: monotonic time in ms. */
  constructor(
    private readonly options: Options,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Returns a valid token. Rejects with a refused login, or with a retryable error if the endpoint does not respond. */
  async get(): Promise<string> {
    if (this.token !== undefined && this.now() < this.token.renewAt) return this.token.value
    return (this.pending ??= this.fetch().finally(() => (this.pending = undefined)))
  }

  private async fetch(): Promise<string> {
    const [at, signal] = [this.now(), AbortSignal.timeout(ANSWER_MS)]
    let { status, answer } = await this.request(true, signal)
    // A server must accept HTTP Basic, but some servers accept the credentials only in the form.
    if (status === 400 || status === 401) ({ status, answer } = await this.request(false, signal))
    const { access_token: value, expires_in: seconds = UNKNOWN_LIFE_S, error = '' } = answer
    if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
      const code = /^[\w.-]{1,64}$/.test(String(error)) ? ` (${String(error)})` : ''
      throw refusedLogin(`the token endpoint ${this.options.tokenUrl.host} refuses the client with status ${status}${code}`)
    }
    if (status !== 200 || typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value) || !(Number(seconds) > 0))
      throw this.unavailable(`responds with status ${status} and no token`)
    this.token = { value, renewAt: at + (Number(seconds) - Math.min(RENEW_BEFORE_S, Number(seconds) / 2)) * 1_000 }
    return value
  }

  private async request(basic: boolean, signal: AbortSignal): Promise<{ status: number; answer: Record<string, unknown> }> {
    const { tokenUrl, client, secret, scope, audience } = this.options
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope ? { scope } : {}), ...(audience ? { audience } : {}) })
    if (!basic) for (const [name, value] of Object.entries({ client_id: client, client_secret: secret })) body.set(name, value)
    // RFC 6749, section 2.3.1: id and secret are encoded as form values.
    const encoded = [client, secret].map((text) => new URLSearchParams({ text }).toString().slice('text='.length))
    const authorization = `Basic ${Buffer.from(encoded.join(':')).toString('base64')}`
    try {
      const headers = { accept: 'application/json', ...(basic ? { authorization } : {}) }
      const response = await fetch(tokenUrl, { method: 'POST', body, headers, signal, redirect: 'error' })
      let text = ''
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk
        if (text.length > MAX_ANSWER_BYTES) throw new Error('the response is larger than 64 KiB') // guard: kafka-token-bound
      }
      return { status: response.status, answer: readObject(text) }
    } catch (error) {
      const { message, cause } = error as Error
      throw this.unavailable(`does not respond: ${cause instanceof Error ? cause.message : message}`)
    }
  }

  /** Returns an error whose name makes kafkajs retry on a new connection; on the current connection, the broker still awaits the token. */
  private unavailable(problem: string): Error {
    const message = `the token endpoint ${this.options.tokenUrl.host} ${problem}`
    return Object.assign(new Error(message), { name: 'KafkaJSConnectionError', retriable: true })
  }
}

function readObject(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** Returns an error that kafkajs does not retry and `isLoginRefused` recognises. */
export function refusedLogin(message: string): Error {
  return Object.assign(new Error(message), { name: 'KafkaJSSASLAuthenticationError', retriable: false })
}
