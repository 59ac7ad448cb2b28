import { type BucketBounds, ClientBuckets } from './token-bucket.js'

/** A statement whose signature was verified. */
export interface SignedStatement {
  keyid: string
  /** Identifies the signed content; equal whenever the same statement is sent again. */
  id: string
}

/** Limit of a statement's repeats charged to its key. Without it, anyone who has seen the statement could exhaust the key's bucket. */
const REPEATS: BucketBounds = { burst: 5, perSecond: 1 / 60 }

/**
 * Rate limits of requests with a signature in the body: by key if the signature is valid, otherwise by address. The body arrives later, so
 * each request first takes a token of its address. If that bucket is empty, the request is refused only if its signature is invalid.
 */
export class StatementLimits {
  private readonly unsigned = new ClientBuckets(this.bounds, this.nowMs)
  private readonly signed = new ClientBuckets(this.bounds, this.nowMs)
  private readonly repeats = new ClientBuckets(REPEATS, this.nowMs)
  /** Address of each begun request, and the wait that the address's bucket requires, in ms. */
  private readonly begun = new WeakMap<object, { address: string; waitMs: number }>()

  constructor(
    private readonly bounds: BucketBounds,
    private readonly nowMs: () => number,
  ) {}

  /** Called at the head of a request. */
  begin(request: object, address: string): void {
    this.begun.set(request, { address, waitMs: this.unsigned.take(address) })
  }

  /** Called with the body. Returns 0 if the request may proceed; else the time to wait, in ms. */
  settle(request: object, statement: SignedStatement | undefined): number {
    const begun = this.begun.get(request)
    if (begun === undefined) return 0
    this.begun.delete(request)
    const { address, waitMs } = begun
    // guards: signed-body-bucket, signed-body-repeats
    if (statement === undefined || this.repeats.take(`${statement.keyid} ${statement.id}`) > 0) return waitMs
    if (waitMs === 0) this.unsigned.putBack(address)
    return this.signed.take(`${statement.keyid} ${address}`)
  }
}
