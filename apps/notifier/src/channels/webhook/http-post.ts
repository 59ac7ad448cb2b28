import { parseRetryAfter } from '#libs/platform'
import { StringDecoder } from 'node:string_decoder'
import { type Dispatcher, request, Agent, buildConnector } from 'undici'
import { ADDRESS_REFUSED, checkPartnerUrl, type Deployment } from '../../partners/address-guard.js'
import { type Resolve, guardedLookup } from '../../partners/guarded-lookup.js'
import type { Outcome } from '../channel-sender.js'
import { Deadline } from '../deadline.js'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Connections per origin, one for each worker slot: partners may share a gateway, and partners that hang must not block the others. */
const CONNECTIONS_PER_ORIGIN = 64
const MAX_AGENTS = 64
/** Maximum bytes received on a connection, including interim responses (`103 Early Hints`), which no parser reports. */
const MAX_RECEIVED_BYTES = 1024 * 1024

/** Caches an agent per set of networks, because an agent's lookup uses one set. The least recently used agent closes after its requests. */
class PartnerAgents {
  private readonly agents = new Map<string, Agent>()

  constructor(
    private readonly deployment: Deployment,
    private readonly connectTimeoutMs: number,
    private readonly resolve?: Resolve,
  ) {}

  agentFor(networks: readonly string[], onlyNetworks: boolean): Agent {
    const key = JSON.stringify([onlyNetworks, ...[...new Set(networks)].sort()])
    const agent = this.agents.get(key) ?? this.create(networks, onlyNetworks)
    this.agents.delete(key)
    this.agents.set(key, agent)
    const [oldest] = this.agents
    if (oldest && this.agents.size > MAX_AGENTS) {
      this.agents.delete(oldest[0])
      void oldest[1].close()
    }
    return agent
  }

  async close(): Promise<void> {
    const open = [...this.agents.values()]
    this.agents.clear()
    await Promise.all(open.map((agent) => agent.destroy()))
  }

  private create(networks: readonly string[], onlyNetworks: boolean): Agent {
    const lookup = guardedLookup(networks, this.deployment, { onlyNetworks, resolve: this.resolve })
    const connector = buildConnector({ lookup, timeout: this.connectTimeoutMs })
    return new Agent({
      connections: CONNECTIONS_PER_ORIGIN,
      pipelining: 1,
      connect: (options, callback) =>
        connector(options, (...outcome) => {
          if (outcome[0] === null) boundReceived(outcome[1])
          callback(...outcome)
        }),
    })
  }
}

/** Destroys a connection that receives more than `MAX_RECEIVED_BYTES`. */
function boundReceived(socket: Socket): void {
  socket.on('readable', () => {
    if (socket.bytesRead > MAX_RECEIVED_BYTES)
      // guard: interim-answers
      socket.destroy(new Error(`the answer is larger than ${MAX_RECEIVED_BYTES / 1024 / 1024} MiB, interim answers included`))
  })
}

/** Deadline of the whole attempt: waiting for a connection, sending, and reading the response. */
export const DEADLINE_MS = 15_000
const REPLY_READ_BYTES = 64 * 1024
const REPLY_KEPT_BYTES = 4 * 1024

export type HttpPostOptions = { deployment: Deployment; deadlineMs?: number; resolve?: Resolve }

/**
 * Request to a partner. `networks`: private networks that its registration allows. `keyId`: names the secret or key in the evidence.
 * `maxBytes`: maximum bytes of the response to read; default `REPLY_READ_BYTES`.
 */
export type HttpMessage = {
  url: string
  networks: readonly string[]
  headers: Record<string, string>
  method?: 'GET'
  body?: Buffer
  keyId: string
  maxBytes?: number
}

/** `receiverClock`: `Date` header of the response. `text`: the part of the response body that was read. */
export type HttpAnswer = { outcome: Outcome; receiverClock?: Date; text?: string }

/** Posts JSON to partners with undici's `request`, which follows no redirect and reads no proxy from the environment. Never rejects. */
export class HttpPost {
  private readonly agents: PartnerAgents
  private readonly deadlineMs: number = this.options.deadlineMs ?? DEADLINE_MS

  constructor(private readonly options: HttpPostOptions) {
    this.agents = new PartnerAgents(options.deployment, this.deadlineMs, options.resolve)
  }

  async send(
    { url, networks, headers, method, body = Buffer.alloc(0), keyId, maxBytes }: HttpMessage,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const startedAt = performance.now()
    const latency = (): number => Math.round(performance.now() - startedAt)
    const address = checkPartnerUrl(url, networks, this.options.deployment)
    if (!address.ok) return { outcome: { kind: 'refused', latencyMs: 0, detail: address.detail } }

    const deadline = new Deadline(this.deadlineMs, signal)
    const connection = watchConnection(body)
    const evidence = (): Partial<Outcome> => ({ ...connection, keyId })
    try {
      const agent = this.agents.agentFor(networks, address.onlyNetworks)
      const response = await request(address.url, {
        dispatcher: agent,
        method: method ?? 'POST',
        headers: { ...(method === undefined ? { 'content-type': 'application/json' } : {}), 'user-agent': 'hms-svc', ...headers },
        body,
        signal: deadline.signal,
        // Closes the connection afterwards, so each attempt resolves and checks the host again and meets no stale socket.
        reset: true,
      })
      const read = await readReply(response.body, maxBytes ?? REPLY_READ_BYTES)
      const outcome = { ...judge(response), reply: textOf(read.subarray(0, REPLY_KEPT_BYTES)), ...evidence(), latencyMs: latency() }
      return { outcome, receiverClock: dateOf(response), text: textOf(read) }
    } catch (error) {
      return { outcome: { ...describeFailure(error, signal.aborted, deadline.passed), ...evidence(), latencyMs: latency() } }
    } finally {
      deadline.clear()
    }
  }

  close(): Promise<void> {
    return this.agents.close()
  }
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

function dateOf({ headers: { date } }: Dispatcher.ResponseData): Date | undefined {
  const clock = new Date(typeof date === 'string' ? date : Number.NaN)
  return Number.isNaN(clock.getTime()) ? undefined : clock
}

/** Reads about `maxBytes` of a response body, or less if it breaks off or stalls: the status alone decides the outcome. */
async function readReply(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Buffer> {
  const kept: Buffer[] = []
  let read = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      kept.push(chunk)
      read += chunk.length
      if (read >= maxBytes) break
    }
  } catch {
    body.destroy()
  }
  return Buffer.concat(kept)
}

/** Returns bytes as text that PostgreSQL can store: without NUL. The decoder drops a character cut in two. */
function textOf(bytes: Buffer): string {
  return new StringDecoder('utf8').write(bytes).replaceAll('\0', '\uFFFD')
}

function describeFailure(error: unknown, stopped: boolean, late: boolean): Omit<Outcome, 'latencyMs'> {
  const { code, message } = error as Partial<NodeJS.ErrnoException>
  if (code === ADDRESS_REFUSED) return { kind: 'refused', detail: message }
  if (late || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return { kind: 'retry', timedOut: true, detail: 'no answer in time' }
  if (stopped) return { kind: 'retry', detail: 'stopped before the partner answered' }
  return { kind: 'retry', detail: [code, message].filter(Boolean).join(': ') || String(error) }
}

/** Peer of the actual connection. Filled once the request headers are sent; empty if no connection was established. */
type ConnectionEvidence = Pick<Outcome, 'address' | 'tlsFingerprint'>

/** Evidence by request body. The body identifies the request: undici passes the object unchanged, and each attempt has its own buffer. */
const evidenceByBody = new WeakMap<object, ConnectionEvidence>()

/** Records a watched request's peer. undici publishes its socket right before the first byte; a pooled agent exposes it nowhere else. */
subscribe('undici:client:sendHeaders', (message) => {
  const { request, socket } = message as { request: { body?: unknown }; socket: Socket | TLSSocket }
  const evidence = typeof request.body === 'object' && request.body !== null ? evidenceByBody.get(request.body) : undefined
  if (evidence === undefined) return
  if (socket.remoteAddress !== undefined) evidence.address = socket.remoteAddress
  const fingerprint = 'getPeerCertificate' in socket ? socket.getPeerCertificate().fingerprint256 : undefined
  if (fingerprint !== undefined) evidence.tlsFingerprint = fingerprint
})

export function watchConnection(body: Buffer): ConnectionEvidence {
  const evidence: ConnectionEvidence = {}
  evidenceByBody.set(body, evidence)
  return evidence
}
