import { deleteExpired, type Database, type Transaction } from '#libs/persistence'
import { fastPathSafe, describeError, isWrite, type Logger } from '#libs/platform'
import { SetMetadata, type CustomDecorator } from '@nestjs/common'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HmsError } from '#libs/contracts'
import { digestOf } from '#libs/signing'
import { randomUUID } from 'node:crypto'
import { REPEATABLE_REQUESTS, type RepeatableRequest } from './repeatable-request.table.js'

const RETENTION_MS = 24 * 60 * 60 * 1000
/** Lease of an attempt, longer than any request takes while its process is alive. */
const LEASE_MS = 15_000
/** Maximum stored requests per caller; above it the oldest are deleted. All callers without authorization share one limit. */
const MAX_PER_CALLER = 10_000
const DELETE_BATCH = 50
const MAX_RESPONSE_CHARACTERS = 1024 * 1024

/** One attempt of a request with a key. */
export interface KeyedCall extends Pick<RepeatableRequest, 'id' | 'caller' | 'body' | 'claim'> {
  /** Whether the handler is idempotent by itself: a retry then does not wait for an active attempt. */
  isIdempotent: boolean
}

export type StoredResponse = NonNullable<RepeatableRequest['answer']>

/** Makes retried POSTs take effect once: the first attempt is executed, and retries under its key get its response. */
export class RepeatableRequests {
  /** `database` is shared by the instances of a service. Its clock is used, not this process's. */
  constructor(private readonly database: Database) {}

  /** Claims the key, or returns its stored response. Throws 422 `HMS_HTTP_KEY_REUSED`; 409 `HMS_HTTP_KEY_BUSY` during an attempt. */
  begin(call: KeyedCall): Promise<StoredResponse | undefined> {
    return this.database.transaction(async (tx) => {
      const requests = tx.documents(REPEATABLE_REQUESTS)
      const { isIdempotent: _isIdempotent, ...request } = call
      const fresh: RepeatableRequest = { ...request, leaseUntil: after(tx, LEASE_MS), expiresAt: after(tx, RETENTION_MS) }
      await prune(tx, call.caller)
      if (await requests.insert(fresh)) return undefined
      // `insert` waited for the first attempt's commit. Of two concurrent take-overs, one waits here.
      await tx.lock([`repeatable ${call.id}`])
      const known = await requests.get(call.id)
      if (known === undefined || isPast(tx, known.expiresAt)) return void (await requests.put(fresh))
      if (known.body !== call.body) throw keyReused()
      if (known.answer !== undefined) return known.answer
      if (!call.isIdempotent && !isPast(tx, known.leaseUntil)) throw busy() // guard: idempotency-claim
      await requests.put({ ...fresh, expiresAt: known.expiresAt })
      return undefined
    })
  }

  /** Stores the response: `json` is the body as text, without members that must not be stored. */
  async settle(call: KeyedCall, status: number, json: string | null): Promise<void> {
    if (json !== null && json.length > MAX_RESPONSE_CHARACTERS) return this.release(call)
    await this.ifClaimed(call, (tx, request) => tx.documents(REPEATABLE_REQUESTS).put({ ...request, answer: { status, json } }))
  }

  /** Releases a refused or failed attempt: the next attempt under the key is executed. */
  async release(call: KeyedCall): Promise<void> {
    await this.ifClaimed(call, (tx, { id }) => tx.documents(REPEATABLE_REQUESTS).delete(id))
  }

  /** Runs `work` on the request's row under its lock. Has no effect if another attempt has taken over. */
  private ifClaimed(call: KeyedCall, work: (tx: Transaction, request: RepeatableRequest) => Promise<unknown>): Promise<void> {
    return this.database.locked([`repeatable ${call.id}`], async (tx) => {
      const request = await tx.documents(REPEATABLE_REQUESTS).get(call.id)
      if (request !== undefined && request.claim === call.claim && request.answer === undefined) await work(tx, request)
    })
  }
}

/** Creates the call of a request with a key. Another caller's use of the same key is independent. */
export function keyedCall(key: string, caller: string, path: string, body: Buffer, isIdempotent: boolean): KeyedCall {
  const id = digestOf(Buffer.from(JSON.stringify([caller, path, key])))
  return { id, caller, body: digestOf(body), isIdempotent, claim: randomUUID() }
}

export function keyReused(): HmsError {
  const detail = 'This Idempotency-Key was used before with another request. Choose a new key for each request.'
  return new HmsError('HMS_HTTP_KEY_REUSED', detail, { status: 422 })
}

function busy(): HmsError {
  const detail = 'A request under this Idempotency-Key is still running. Send it again to get its response.'
  return new HmsError('HMS_HTTP_KEY_BUSY', detail, { status: 409, retryable: true })
}

async function prune(tx: Transaction, caller: string): Promise<void> {
  const requests = tx.documents(REPEATABLE_REQUESTS)
  await deleteExpired(requests, tx.now, DELETE_BATCH)
  if ((await requests.count({ caller })) < MAX_PER_CALLER) return
  for (const { id } of await requests.find({ where: { caller }, orderBy: 'expires_at', limit: DELETE_BATCH })) await requests.delete(id)
}

function after({ now }: Transaction, ms: number): string {
  return new Date(now.getTime() + ms).toISOString()
}

function isPast({ now }: Transaction, at: string): boolean {
  return Date.parse(at) <= now.getTime()
}

export const IDEMPOTENT = 'hms:repeats-safely'
export const DRY_RUN = 'hms:dry-run'
export const SECRET_MEMBER = 'hms:answered-once'

/** Decorates a route whose handler is idempotent by itself: a retry does not wait for an active or killed attempt. */
export function Idempotent(): CustomDecorator {
  return SetMetadata(IDEMPOTENT, true)
}

/** Decorates a route with a secret member in its response: the member is returned once, not stored, and omitted in repeated responses. */
export function SecretMember(member: string): CustomDecorator {
  return SetMetadata(SECRET_MEMBER, member)
}

/** Decorates a route that changes nothing: a retry is executed again, and its response is not stored. */
export function DryRun(): CustomDecorator {
  return SetMetadata(DRY_RUN, true)
}

type IdentifiedRequest = FastifyRequest & { actor?: { id: string }; rawBody?: Buffer; call?: string }

/** Thrown before a handler to return the stored response of the first request. */
export class ReplayedResponse extends Error {
  constructor(readonly response: StoredResponse) {
    super('the response is stored')
  }

  send(reply: FastifyReply): void {
    const { status, json } = this.response
    void reply.status(status).header('idempotency-replayed', 'true')
    if (json === null) void reply.send()
    else void reply.type('application/json; charset=utf-8').send(json)
  }
}

/** Returns the key of a request; `undefined` if there is none. Throws `HMS_HTTP_KEY_INVALID` (400) for an invalid key. */
export function validKeyOf({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  return idempotencyKeyOf([headers['idempotency-key'] ?? []].flat()[0])
}

/** Handles the `Idempotency-Key` of POSTs that change something. Called by the guard: only authorized callers get stored responses. */
export class IdempotencyKeys {
  private readonly openCalls = new WeakMap<object, { call: KeyedCall; path: string; secret: string | undefined }>()

  constructor(
    private readonly databaseFor: (path: string) => Database,
    private readonly log: Logger,
  ) {}

  /** Stores each response before it is sent. */
  storeResponses(server: FastifyInstance): void {
    fastPathSafe(server).addHook('onSend', async (request, reply, payload) => {
      await this.end(request, reply.statusCode, payload)
      return payload
    })
  }

  /** Claims a keyed request before its handler. Throws `ReplayedResponse` if completed, or errors of `RepeatableRequests.begin`. */
  async begin(request: IdentifiedRequest, isIdempotent: boolean, secret: string | undefined): Promise<void> {
    const key = validKeyOf(request)
    if (request.method !== 'POST' || !isWrite(request) || key === undefined) return
    const path = request.url.split('?')[0]!
    const call = keyedCall(key, request.actor?.id ?? '', path, request.rawBody ?? Buffer.alloc(0), isIdempotent)
    const before = await this.requests(path).begin(call)
    if (before !== undefined) throw new ReplayedResponse(before)
    request.call = call.id
    this.openCalls.set(request, { call, path, secret })
  }

  /** Stores a response. It is sent even if that fails, because the work is done; a retry after the lease runs the handler again. */
  private async end(request: object, status: number, payload: unknown): Promise<void> {
    const open = this.openCalls.get(request)
    if (open === undefined) return
    this.openCalls.delete(request)
    const { call, path, secret } = open
    try {
      const json = textOf(payload)
      if (status >= 300 || json === undefined) await this.requests(path).release(call)
      else await this.requests(path).settle(call, status, json === null ? null : without(json, secret))
    } catch (error) {
      this.log.warn({ error: describeError(error) }, 'a response could not be stored for retries')
    }
  }

  private requests(path: string): RepeatableRequests {
    return new RepeatableRequests(this.databaseFor(path))
  }
}

/** Returns the body as text: `null` if empty, `undefined` for a stream, which cannot be stored. */
function textOf(payload: unknown): string | null | undefined {
  if (payload === undefined || payload === null || payload === '') return null
  if (typeof payload === 'string') return payload
  return Buffer.isBuffer(payload) ? payload.toString('utf8') : undefined
}

function without(json: string, member: string | undefined): string {
  return member === undefined ? json : JSON.stringify({ ...(JSON.parse(json) as object), [member]: undefined })
}

const MAX_LENGTH = 200

/** Returns the key, never truncated: two long keys would share a response. Throws `HMS_HTTP_KEY_INVALID` (400). */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || (header.length > 0 && header.length <= MAX_LENGTH)) return header
  throw new HmsError('HMS_HTTP_KEY_INVALID', `An Idempotency-Key has 1 to ${MAX_LENGTH} characters, this one has ${header.length}.`, {
    status: 400,
  })
}
