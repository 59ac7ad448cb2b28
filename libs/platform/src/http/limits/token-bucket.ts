/** Permitted amount: `burst` at once, `perSecond` continuously. */
export interface BucketBounds {
  burst: number
  perSecond: number
}

/** Remaining tokens at a time in ms of the caller's clock. */
export interface Bucket {
  left: number
  atMs: number
}

export interface Taken {
  bucket: Bucket
  /** 0 if a token was taken; else the time until one is available. */
  waitMs: number
}

/** Far below one request, far above rounding errors. */
const EPSILON = 1e-6

export function fullBucket({ burst }: BucketBounds, nowMs: number): Bucket {
  return { left: burst, atMs: nowMs }
}

/** Takes `amount` tokens from a bucket that refills with time. Time that goes back refills nothing. */
export function takeOne(bucket: Bucket, bounds: BucketBounds, nowMs: number, amount = 1): Taken {
  const left = leftAt(bucket, bounds, nowMs)
  const atMs = Math.max(bucket.atMs, nowMs)
  if (left >= amount - EPSILON) return { bucket: { left: left - amount, atMs }, waitMs: 0 }
  return { bucket: { left, atMs }, waitMs: Math.ceil(((amount - left) / bounds.perSecond) * 1_000 - EPSILON) }
}

/** Returns the current content. It multiplies before it divides: otherwise rounding could leave a bucket just below full. */
export function leftAt({ left, atMs }: Bucket, { burst, perSecond }: BucketBounds, nowMs: number): number {
  return Math.min(burst, left + (Math.max(0, nowMs - atMs) * perSecond) / 1_000)
}
