import type { Database } from '#libs/persistence'
import { heeded, describeError, isWrite, type Logger } from '#libs/platform'
import { SetMetadata, type CustomDecorator } from '@nestjs/common'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { keyedCall, RepeatableRequests, type KeptAnswer, type KeyedCall } from './repeatable-requests.js'
import { HmsError } from '#libs/contracts'

export const REPEATS_SAFELY = 'hms:repeats-safely'
export const DRY_RUN = 'hms:dry-run'
export const ANSWERED_ONCE = 'hms:answered-once'

/** Decorates a route whose handler is idempotent by itself: a retry does not wait for an active or killed attempt. */
export function RepeatsSafely(): CustomDecorator {
  return SetMetadata(REPEATS_SAFELY, true)
}

/** Names a member of the response that is returned once, not stored, and omitted in repeated responses. */
export function AnsweredOnce(member: string): CustomDecorator {
  return SetMetadata(ANSWERED_ONCE, member)
}

/** Decorates a route that changes nothing: a retry is executed again, and its response is not stored. */
export function DryRun(): CustomDecorator {
  return SetMetadata(DRY_RUN, true)
}

/** A request whose caller the guard has identified. */
type AskedRequest = FastifyRequest & { actor?: { id: string }; rawBody?: Buffer; call?: string }

/** Thrown before a handler to return the stored response of the first request. */
export class GivenAgain extends Error {
  constructor(readonly answer: KeptAnswer) {
    super('the answer is known')
  }

  send(reply: FastifyReply): void {
    const { status, json } = this.answer
    void reply.status(status).header('idempotency-replayed', 'true')
    if (json === null) void reply.send()
    else void reply.type('application/json; charset=utf-8').send(json)
  }
}

/** Returns the key of a request. Throws `HMS_HTTP_KEY_INVALID` (400) for an invalid one. */
export function requireKeyForm({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  return idempotencyKeyOf([headers['idempotency-key'] ?? []].flat()[0])
}

/**
 * Handles the `Idempotency-Key` of every POST that may change something. Called by the guard, so that only authorized callers get a stored
 * response.
 */
export class RepeatedCalls {
  private readonly open = new WeakMap<object, { call: KeyedCall; path: string; secret: string | undefined }>()

  constructor(
    /** Returns the database of the service that serves a path. */
    private readonly databaseFor: (path: string) => Database,
    private readonly log: Logger,
  ) {}

  /** Stores each response before it is sent. */
  watch(server: FastifyInstance): void {
    heeded(server).addHook('onSend', async (request, reply, payload) => {
      await this.end(request, reply.statusCode, payload)
      return payload
    })
  }

  /** Throws `GivenAgain` for a completed request, and the errors of `begin` for a refused one. */
  async begin(request: AskedRequest, repeatsSafely: boolean, secret: string | undefined): Promise<void> {
    const key = requireKeyForm(request)
    if (request.method !== 'POST' || !isWrite(request) || key === undefined) return
    const path = request.url.split('?')[0]!
    const call = keyedCall(key, request.actor?.id ?? '', path, request.rawBody ?? Buffer.alloc(0), repeatsSafely)
    const before = await this.requests(path).begin(call)
    if (before !== undefined) throw new GivenAgain(before)
    request.call = call.id
    this.open.set(request, { call, path, secret })
  }

  /** The work is done and its response is sent even if it cannot be stored; a retry after the lease is judged by the route itself. */
  private async end(request: object, status: number, payload: unknown): Promise<void> {
    const begun = this.open.get(request)
    if (begun === undefined) return
    this.open.delete(request)
    const { call, path, secret } = begun
    try {
      const json = textOf(payload)
      if (status >= 300 || json === undefined) await this.requests(path).release(call)
      else await this.requests(path).settle(call, status, json === null ? null : without(json, secret))
    } catch (error) {
      this.log.warn({ error: describeError(error) }, 'an answer could not be kept for repeats')
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

/**
 * Returns the complete key: if two were truncated to the same value, the second would get the first one's response. Throws
 * `HMS_HTTP_KEY_INVALID` (400).
 */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || (header.length > 0 && header.length <= MAX_LENGTH)) return header
  throw new HmsError('HMS_HTTP_KEY_INVALID', `An Idempotency-Key has 1 to ${MAX_LENGTH} characters, this one has ${header.length}.`, {
    status: 400,
  })
}
