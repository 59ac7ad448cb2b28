import { HmsError } from '#libs/contracts'
import type { Database, Transaction } from '#libs/persistence'
import { digestOf } from '#libs/signing'
import { randomUUID } from 'node:crypto'
import { REPEATABLE_REQUESTS, type RepeatableRequest } from './repeatable-request.table.js'

const KEPT_MS = 24 * 60 * 60 * 1000
/** Longer than any request that is not killed. */
const LEASE_MS = 15_000
/** Maximum stored requests per caller; above it the oldest is deleted. All callers without authorization share one limit. */
const MAX_OF_CALLER = 10_000
const FORGOTTEN_AT_ONCE = 50
const MAX_ANSWER_CHARACTERS = 1024 * 1024

/** One attempt of a request with a key. */
export interface KeyedCall {
  id: string
  caller: string
  body: string
  /** Its handler is idempotent by itself, so a retry does not wait for an active attempt. */
  repeatsSafely: boolean
  claim: string
}

export type KeptAnswer = NonNullable<RepeatableRequest['answer']>

/** Makes retried POSTs take effect once: the first attempt is executed, and retries under its key get its response. */
export class RepeatableRequests {
  /** Database shared by the instances of a service. Its clock is used, not this process's. */
  constructor(private readonly database: Database) {}

  /**
   * Returns the stored response, or `undefined` if the caller should execute the request. Throws 422 `HMS_HTTP_KEY_REUSED` for another body
   * under the key, 409 `HMS_HTTP_KEY_BUSY` while another attempt is active.
   */
  begin(call: KeyedCall): Promise<KeptAnswer | undefined> {
    return this.database.transaction(async (tx) => {
      const requests = tx.documents(REPEATABLE_REQUESTS)
      const fresh: RepeatableRequest = { ...claimOf(call), leaseUntil: after(tx, LEASE_MS), expiresAt: after(tx, KEPT_MS) }
      await forget(tx, call.caller)
      if (await requests.insert(fresh)) return undefined
      // The first attempt is committed by now; of two concurrent take-overs, one waits here.
      await tx.lock([`repeatable ${call.id}`])
      const known = await requests.get(call.id)
      if (known === undefined || isPast(tx, known.expiresAt)) return void (await requests.put(fresh))
      if (known.body !== call.body) throw keyReused()
      if (known.answer !== undefined) return known.answer
      if (!call.repeatsSafely && !isPast(tx, known.leaseUntil)) throw busy()
      await requests.put({ ...fresh, expiresAt: known.expiresAt })
      return undefined
    })
  }

  /** Stores the response: `json` is the body as text, without members that must not be stored. */
  async settle(call: KeyedCall, status: number, json: string | null): Promise<void> {
    if (json !== null && json.length > MAX_ANSWER_CHARACTERS) return this.release(call)
    await this.mine(call, (tx, request) => tx.documents(REPEATABLE_REQUESTS).put({ ...request, answer: { status, json } }))
  }

  /** Releases a refused or failed attempt: the next one under this key is executed. */
  async release(call: KeyedCall): Promise<void> {
    await this.mine(call, (tx, { id }) => tx.documents(REPEATABLE_REQUESTS).delete(id))
  }

  /** Has no effect if another attempt has taken over. */
  private mine(call: KeyedCall, work: (tx: Transaction, request: RepeatableRequest) => Promise<unknown>): Promise<void> {
    return this.database.locked([`repeatable ${call.id}`], async (tx) => {
      const request = await tx.documents(REPEATABLE_REQUESTS).get(call.id)
      if (request !== undefined && request.claim === call.claim && request.answer === undefined) await work(tx, request)
    })
  }
}

/** Creates the call. `caller`: another caller's use of the same key is independent. */
export function keyedCall(key: string, caller: string, path: string, body: Buffer, repeatsSafely: boolean): KeyedCall {
  const id = digestOf(Buffer.from(JSON.stringify([caller, path, key])))
  return { id, caller, body: digestOf(body), repeatsSafely, claim: randomUUID() }
}

export function keyReused(): HmsError {
  return new HmsError('HMS_HTTP_KEY_REUSED', 'This Idempotency-Key came before with another request. Choose a new one for each.', {
    status: 422,
  })
}

function busy(): HmsError {
  return new HmsError('HMS_HTTP_KEY_BUSY', 'A request under this Idempotency-Key is still under way. Send it again to get its answer.', {
    status: 409,
    retryable: true,
  })
}

function claimOf({ id, caller, body, claim }: KeyedCall): Pick<RepeatableRequest, 'id' | 'caller' | 'body' | 'claim'> {
  return { id, caller, body, claim }
}

async function forget(tx: Transaction, caller: string): Promise<void> {
  const requests = tx.documents(REPEATABLE_REQUESTS)
  for (const { id, expiresAt } of await requests.find({ orderBy: 'expires_at', limit: FORGOTTEN_AT_ONCE })) {
    if (!isPast(tx, expiresAt)) break
    await requests.delete(id)
  }
  if ((await requests.count({ caller })) < MAX_OF_CALLER) return
  for (const { id } of await requests.find({ where: { caller }, orderBy: 'expires_at', limit: FORGOTTEN_AT_ONCE }))
    await requests.delete(id)
}

function after({ now }: Transaction, ms: number): string {
  return new Date(now.getTime() + ms).toISOString()
}

function isPast({ now }: Transaction, at: string): boolean {
  return Date.parse(at) <= now.getTime()
}
