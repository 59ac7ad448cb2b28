import { StringDecoder } from 'node:string_decoder'
import type { Agent, Dispatcher } from 'undici'
import { request } from 'undici'
import { liveSecrets, type WebhookChannel } from '../../partners/channel.js'
import type { Deployment } from '../../partners/address-guard.js'
import { ADDRESS_REFUSED, checkPartnerUrl } from '../../partners/address-guard.js'
import type { Resolve } from '../../partners/guarded-lookup.js'
import type { Attempt, ChannelSender, Outcome } from '../channel-sender.js'
import { webhookKeyId } from '../../partners/webhook-key-id.js'
import { Deadline } from '../deadline.js'
import { watchConnection } from './watch-connection.js'
import { PartnerAgents } from './partner-agents.js'
import { parseRetryAfter } from './retry-after.js'
import { signWebhook } from './standard-webhooks.js'

/** For the whole try: waiting for a connection, sending, and reading the answer. */
const DEADLINE_MS = 15_000
const REPLY_READ_BYTES = 64 * 1024
const REPLY_KEPT_BYTES = 4 * 1024

export type UndiciSenderOptions = { deployment: Deployment; deadlineMs?: number; resolve?: Resolve }

/** Calls partners with undici's `request`, which follows no redirect and reads no proxy from the environment. */
export class UndiciWebhookSender implements ChannelSender<'webhook'> {
  private readonly agents: PartnerAgents
  private readonly deadlineMs: number

  constructor(private readonly options: UndiciSenderOptions) {
    this.deadlineMs = options.deadlineMs ?? DEADLINE_MS
    this.agents = new PartnerAgents(options.deployment, this.deadlineMs, options.resolve)
  }

  async send(attempt: Attempt<WebhookChannel>, signal: AbortSignal): Promise<Outcome> {
    const startedAt = performance.now()
    const latency = (): number => Math.round(performance.now() - startedAt)
    const address = checkPartnerUrl(attempt.channel.url, attempt.networks, this.options.deployment)
    if (!address.ok) return { kind: 'refused', latencyMs: 0, detail: address.detail }
    const signed = signWebhook({ ...attempt, secrets: liveSecrets(attempt.channel, attempt.timestamp) })
    if (!signed.ok) return { kind: 'refused', latencyMs: 0, detail: signed.detail }

    const deadline = new Deadline(this.deadlineMs, signal)
    const connection = watchConnection(attempt.body)
    const shown = (): Pick<Outcome, 'address' | 'tlsFingerprint' | 'keyId'> => ({
      ...connection,
      keyId: webhookKeyId(attempt.channel.secret),
    })
    try {
      const agent = this.agents.agentFor(attempt.networks, address.onlyNetworks)
      const response = await post(agent, address.url, signed.headers, attempt.body, deadline.signal)
      return { ...judge(response), reply: await readReply(response.body), ...shown(), latencyMs: latency() }
    } catch (error) {
      return { ...describeFailure(error, signal.aborted, deadline.passed), ...shown(), latencyMs: latency() }
    } finally {
      deadline.clear()
    }
  }

  close(): Promise<void> {
    return this.agents.close()
  }
}

/** `reset` closes the connection afterwards: each try resolves and is checked anew, and no stale socket is met. */
function post(dispatcher: Agent, url: URL, signature: object, body: Buffer, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
  const headers = { 'content-type': 'application/json', 'user-agent': 'hms-svc', ...signature }
  return request(url, { dispatcher, method: 'POST', headers, body, signal, reset: true })
}

function judge({ statusCode: status, headers }: Dispatcher.ResponseData): Omit<Outcome, 'latencyMs'> {
  if (status >= 200 && status < 300) return { kind: 'delivered', status }
  if (status === 410) return { kind: 'gone', status, detail: 'answered 410 Gone' }
  const redirected = status >= 300 && status < 400
  const detail = redirected ? `answered ${status}; redirects are not followed, register the final address` : `answered ${status}`
  const header = headers['retry-after']
  const retryAfterMs = parseRetryAfter(Array.isArray(header) ? header[0] : header, new Date())
  return { kind: 'retry', status, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

/** The status decides; an answer that breaks off, stalls until the deadline or does not end only leaves less evidence. */
async function readReply(body: Dispatcher.ResponseData['body']): Promise<string> {
  const kept: Buffer[] = []
  let read = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (read < REPLY_KEPT_BYTES) kept.push(chunk.subarray(0, REPLY_KEPT_BYTES - read))
      read += chunk.length
      if (read >= REPLY_READ_BYTES) break
    }
  } catch {
    body.destroy()
  }
  // The decoder drops a character cut in two; PostgreSQL's text holds no NUL.
  return new StringDecoder('utf8').write(Buffer.concat(kept)).replaceAll('\0', '\uFFFD')
}

function describeFailure(error: unknown, stopped: boolean, late: boolean): Omit<Outcome, 'latencyMs'> {
  const { code, message } = error as Partial<NodeJS.ErrnoException>
  if (code === ADDRESS_REFUSED) return { kind: 'refused', detail: message }
  if (late || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return { kind: 'retry', timedOut: true, detail: 'no answer in time' }
  }
  if (stopped) return { kind: 'retry', detail: 'stopped before the partner answered' }
  return { kind: 'retry', detail: [code, message].filter(Boolean).join(': ') || String(error) }
}
