import { fullBucket, leftAt, takeOne, type Bucket, type BucketBounds } from './token-bucket.js'

/** Clients remembered at once. A bucket that is full again says nothing and goes first. */
export const MAX_BUCKETS = 20_000
const SWEPT_AT_ONCE = 100

/** A bucket for each client, as many as are worth remembering. Time is the caller's, monotonic, in ms. */
export class ClientBuckets {
  /** In the order of their last use. */
  private readonly buckets = new Map<string, Bucket>()

  constructor(
    private readonly bounds: BucketBounds,
    private readonly nowMs: () => number,
    private readonly max = MAX_BUCKETS,
  ) {}

  get size(): number {
    return this.buckets.size
  }

  /** 0 when the client may; else how long until it may, in ms. `amount`: at most the burst. */
  take(client: string, amount = 1): number {
    const nowMs = this.nowMs()
    const known = this.buckets.get(client)
    if (known === undefined) this.makeRoom(nowMs)
    else this.buckets.delete(client)
    const { bucket, waitMs } = takeOne(known ?? fullBucket(this.bounds, nowMs), this.bounds, nowMs, amount)
    this.buckets.set(client, bucket)
    return waitMs
  }

  /** Undoes one `take`. */
  putBack(client: string): void {
    const known = this.buckets.get(client)
    if (known !== undefined) this.buckets.set(client, { ...known, left: Math.min(this.bounds.burst, known.left + 1) })
  }

  /** Those that were used least recently: full ones at every turn, and one more where there is no room. */
  private makeRoom(nowMs: number): void {
    let looked = 0
    for (const [client, bucket] of this.buckets) {
      if (looked++ >= SWEPT_AT_ONCE || leftAt(bucket, this.bounds, nowMs) < this.bounds.burst) break
      this.buckets.delete(client)
    }
    const [oldest] = this.buckets.keys()
    if (this.buckets.size >= this.max && oldest !== undefined) this.buckets.delete(oldest)
  }
}
