import { ClientBuckets } from './client-buckets.js'
import type { BucketBounds } from './token-bucket.js'

/** A statement whose signature was verified. */
export interface SignedStatement {
  keyid: string
  /** Identifies what was signed; equal whenever the same statement is sent again. */
  id: string
}

/** Retries of one statement that its key pays for. Who saw a statement could otherwise use up the bucket of its key. */
const REPEATS: BucketBounds = { burst: 5, perSecond: 1 / 60 }

/**
 * Buckets of requests whose body has the signature: by key where it was verified, by address otherwise. The signature is known only when
 * the body is there, so each request takes from its address first, and an empty bucket there refuses it only once no signature counts.
 */
export class StatementLimits {
  private readonly unsigned: ClientBuckets
  private readonly signed: ClientBuckets
  private readonly repeats: ClientBuckets
  /** By request: its address, and how long that has to wait. */
  private readonly begun = new WeakMap<object, { address: string; waitMs: number }>()

  constructor(bounds: BucketBounds, nowMs: () => number) {
    this.unsigned = new ClientBuckets(bounds, nowMs)
    this.signed = new ClientBuckets(bounds, nowMs)
    this.repeats = new ClientBuckets(REPEATS, nowMs)
  }

  /** Called at the head of a request. */
  begin(request: object, address: string): void {
    this.begun.set(request, { address, waitMs: this.unsigned.take(address) })
  }

  /** Called with the body. 0 when the request may go on; else how long until it may, in ms. */
  settle(request: object, statement: SignedStatement | undefined): number {
    const begun = this.begun.get(request)
    if (begun === undefined) return 0
    this.begun.delete(request)
    const { address, waitMs } = begun
    if (statement === undefined || this.repeats.take(`${statement.keyid} ${statement.id}`) > 0) return waitMs
    if (waitMs === 0) this.unsigned.putBack(address)
    return this.signed.take(`${statement.keyid} ${address}`)
  }
}
