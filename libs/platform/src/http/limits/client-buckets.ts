import { fullBucket, leftAt, takeOne, type Bucket, type BucketBounds } from './token-bucket.js'

/** Maximum remembered clients. A full bucket contains no information and is dropped first. */
export const MAX_BUCKETS = 20_000
const SWEPT_AT_ONCE = 100

/** A token bucket per client, bounded in number. Time is the caller's, monotonic, in ms. */
export class ClientBuckets {
  /** In order of last use. */
  private readonly buckets = new Map<string, Bucket>()

  constructor(
    private readonly bounds: BucketBounds,
    private readonly nowMs: () => number,
    private readonly max = MAX_BUCKETS,
  ) {}

  get size(): number {
    return this.buckets.size
  }

  /** Takes `amount` tokens, at most the burst; returns 0 on success, else the time until they are available, in ms. */
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

  /** Drops least recently used buckets: full ones each time, and another if there is no room. */
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
