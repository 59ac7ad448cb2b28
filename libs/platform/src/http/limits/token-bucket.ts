export interface BucketBounds {
  burst: number
  perSecond: number
}

/** Remaining tokens at a time in ms of the caller's clock. */
export interface Bucket {
  left: number
  atMs: number
}

/** Far below one request, far above rounding errors. */
const EPSILON = 1e-6

export function fullBucket({ burst }: BucketBounds, nowMs: number): Bucket {
  return { left: burst, atMs: nowMs }
}

/** Takes `amount` tokens. A clock that goes back refills nothing. `waitMs`: 0 if taken, else the time until they are available. */
export function takeOne(bucket: Bucket, bounds: BucketBounds, nowMs: number, amount = 1): { bucket: Bucket; waitMs: number } {
  const left = leftAt(bucket, bounds, nowMs)
  const atMs = Math.max(bucket.atMs, nowMs)
  if (left >= amount - EPSILON) return { bucket: { left: left - amount, atMs }, waitMs: 0 }
  return { bucket: { left, atMs }, waitMs: Math.ceil(((amount - left) / bounds.perSecond) * 1_000 - EPSILON) }
}

/** Returns the current content. It multiplies before it divides: otherwise rounding could leave a bucket just below full. */
export function leftAt({ left, atMs }: Bucket, { burst, perSecond }: BucketBounds, nowMs: number): number {
  return Math.min(burst, left + (Math.max(0, nowMs - atMs) * perSecond) / 1_000)
}

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

  /** Returns the tokens that a client has left; a full burst if it took none. */
  leftOf(client: string): number {
    const known = this.buckets.get(client)
    return known === undefined ? this.bounds.burst : leftAt(known, this.bounds, this.nowMs())
  }

  putBack(client: string): void {
    const known = this.buckets.get(client)
    if (known !== undefined) this.buckets.set(client, { ...known, left: Math.min(this.bounds.burst, known.left + 1) })
  }

  /** Drops the least recently used buckets while they are full, and then another if there is still no room. */
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

/** Limit of frames of any kind from a reader of the stream: acknowledgements, pings and pongs. */
export const FRAME_INTAKE: BucketBounds = { burst: 200, perSecond: 20 }
/** Limit of bytes from a named bot: two of the largest frames at once. */
export const BOT_INTAKE: BucketBounds = { burst: 4 * 1024 * 1024, perSecond: 1024 * 1024 }
/** Limit of bytes from an anonymous reader, which only sends pings and its closing frame. */
export const READER_INTAKE: BucketBounds = { burst: 16 * 1024, perSecond: 1024 }

/** Remaining allowance of one connection (a token bucket). `now` in ms. */
export class Intake {
  private bucket = fullBucket(this.bounds, this.now())

  constructor(
    private readonly bounds: BucketBounds,
    private readonly now: () => number,
  ) {}

  /** Takes `amount`; returns whether it was within the limit. */
  take(amount: number): boolean {
    const atMs = this.now()
    this.bucket = { left: leftAt(this.bucket, this.bounds, atMs) - amount, atMs }
    return this.bucket.left >= 0
  }
}
