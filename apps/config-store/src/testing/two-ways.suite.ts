import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { TokenRecord } from '#libs/contracts'
import type { Profile } from '#libs/process'
import { Authorizer } from '#libs/service'
import type { FastifyInstance } from 'fastify'
import { mintToken } from '#libs/signing'
import { EvaluateHandler } from '../ofrep/evaluate-handler.js'
import { StoreMetrics } from '../store-metrics.js'
import { digestOfRelease, POLICY, startStore, type StoreHarness } from './store-harness.suite.js'

export const FLAGS = '/ofrep/v1/evaluate/flags'
export const ANYONE = JSON.stringify({ context: { targetingKey: 'bot-1' } })
/** Origin allowed by CORS. */
export const ORIGIN = 'https://dashboard.example'
export const TYPE = 'Content-Type: application/json'
export type Bytes = string | Buffer
type Key = ReturnType<typeof mintToken>

export const [GOOD, REVOKED, EXPIRED] = Array.from({ length: 3 }, () => mintToken()) as [Key, Key, Key]

/** Number of requests that Fastify handled; the fast handler responded to all others. */
let handled = 0
subscribe('tracing:fastify.request.handler:start', () => void handled++)

export interface BothAnswers {
  door: unknown
  behind: unknown
  /** Whether the fast handler answered the first request. */
  isTaken: boolean
  status: string
}

/** Fixture with a canary for half of a region, and two ways to evaluate: the fast handler, and the controller behind it. */
export class TwoWays {
  /** ETags of the whole policy and of all flags, as `bot-1` gets them. */
  readonly etags: string[] = []

  private constructor(
    readonly store: StoreHarness,
    private readonly way: EvaluateHandler,
    private readonly access: Authorizer,
  ) {}

  static async start(profile: Profile, beforeStart?: (fastify: FastifyInstance) => void): Promise<TwoWays> {
    const store = await startStore(profile, undefined, { HMS_HTTP_CORS_ORIGINS: ORIGIN }, ({ app }) =>
      beforeStart?.(app.getHttpAdapter().getInstance() as unknown as FastifyInstance),
    )
    await store.stored(await store.head())
    const canary = { scope: 'region:NCR', version: '2.0.0', share: 5_000, base: digestOfRelease('1.0.0'), expires: '2026-01-01T01:00:00Z' }
    await store.stored(await store.head({ seq: 2, ...canary }))
    const [door, access] = [EvaluateHandler, Authorizer].map((type) => store.host.app.get<unknown>(type, { strict: false }))
    const ways = new TwoWays(store, door as EvaluateHandler, access as Authorizer)
    ways.knows(GOOD)
    ways.knows(REVOKED, { revokedAt: '2025-06-01T00:00:00Z' })
    ways.knows(EXPIRED, { expiresAt: '2025-06-01T00:00:00Z' })
    for (const path of [`${FLAGS}/${POLICY}`, FLAGS])
      ways.etags.push(/etag: (.*)/.exec(await ways.ask([post(path, ANYONE, [key(GOOD)])]))![1]!)
    return ways
  }

  /** Adds a key to the known tokens. */
  knows({ id, hash }: Key, more: Partial<TokenRecord> = {}): void {
    const made = { name: 'reader', scopes: ['read'], createdAt: '2025-01-01T00:00:00Z', createdBy: 'operator' }
    this.access.tokens.add({ id, hash, ...made, expiresAt: '2027-01-01T00:00:00Z', revokedAt: null, revokedBy: null, ...more })
  }

  /** Sends the pieces, each after the server has processed the previous one, and returns the whole response. */
  async ask(pieces: readonly Bytes[]): Promise<string> {
    const client = connect({ port: Number(new URL(this.store.url).port), host: '127.0.0.1' })
    let text = ''
    client.on('error', () => {}).on('data', (data) => void (text += String(data)))
    const ended = once(client, 'close')
    const [first, ...others] = pieces
    const noticed = once(this.store.host.app.getHttpServer() as Server, 'request')
    client.write(first!)
    for (const piece of others) {
      await noticed
      client.write(piece)
    }
    await ended
    return text
  }

  async both(pieces: readonly Bytes[]): Promise<BothAnswers> {
    const before = handled
    const door = await this.counted(pieces)
    const isTaken = handled === before && /^HTTP\/1\.1 (200|304) /.test(door.text)
    this.way.beforeApplicationShutdown()
    try {
      return { door, behind: await this.counted(pieces), isTaken, status: door.text.slice(9, 12) }
    } finally {
      this.way.onApplicationBootstrap()
    }
  }

  private async counted(pieces: readonly Bytes[]): Promise<{ text: string; reads: number[] }> {
    const before = await this.reads()
    const text = comparable(await this.ask(pieces))
    const after = await this.reads()
    return { text, reads: after.map((count, at) => count - before[at]!) }
  }

  private async reads(): Promise<number[]> {
    const { values } = await this.store.host.app.get(StoreMetrics, { strict: false }).reads.get()
    return ['ofrep', 'ofrep-bulk'].map((source) => values.find(({ labels }) => labels.source === source)?.value ?? 0)
  }
}

/** Removes values that differ between requests, and sorts the headers. */
function comparable(text: string): string {
  const end = text.lastIndexOf('\r\n\r\n')
  const [line, ...headers] = text.slice(0, end).split('\r\n')
  const kept = headers
    .map((header) => header.replace(/^[^:]*:/, (name) => name.toLowerCase()))
    .filter((header) => !header.startsWith('date:'))
  return [line, ...kept.sort(), text.slice(end).replaceAll(/"traceId":"\w+"/g, '')].join('\n')
}

export function key({ token }: Pick<Key, 'token'>): string {
  return `Authorization: Bearer ${token}`
}

export function headOf(path: string, headers: readonly string[], method = 'POST'): string {
  return `${method} ${path} HTTP/1.1\r\n${['Host: 127.0.0.1', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`
}

export function post(path: string, body: Bytes, headers: readonly string[] = []): Buffer {
  const head = headOf(path, [TYPE, `Content-Length: ${Buffer.byteLength(body)}`, ...headers])
  return Buffer.concat([Buffer.from(head), Buffer.from(body as Buffer)])
}
