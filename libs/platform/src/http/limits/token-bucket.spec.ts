import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fullBucket, leftAt, takeOne, type BucketBounds } from './token-bucket.js'

const BOUNDS: BucketBounds = { burst: 500, perSecond: 50 }
const bounds = fc.record({ burst: fc.integer({ min: 1, max: 50 }), perSecond: fc.integer({ min: 1, max: 200 }) })
/** Steps between two requests; a clock may go back. */
const steps = fc.array(fc.integer({ min: -100, max: 400 }), { maxLength: 300 })

describe('a token bucket', () => {
  it('grants a burst at once, then tokens at its rate', () => {
    let bucket = fullBucket(BOUNDS, 0)
    const take = (atMs: number): number => {
      const taken = takeOne(bucket, BOUNDS, atMs)
      bucket = taken.bucket
      return taken.waitMs
    }
    expect(Array.from({ length: 500 }, () => take(0)).every((wait) => wait === 0)).toBe(true)
    expect(take(0)).toBe(20)
    expect(take(19)).toBe(1)
    expect(take(20)).toBe(0)
    expect(take(20)).toBe(20)
  })

  it('never grants more than the burst and the tokens refilled since then', () => {
    fc.assert(
      fc.property(bounds, steps, (limits, waits) => {
        let bucket = fullBucket(limits, 0)
        let nowMs = 0
        let highest = 0
        let given = 0
        for (const wait of waits) {
          nowMs += wait
          highest = Math.max(highest, nowMs)
          const taken = takeOne(bucket, limits, nowMs)
          bucket = taken.bucket
          if (taken.waitMs === 0) given++
          expect(given).toBeLessThanOrEqual(limits.burst + (highest / 1_000) * limits.perSecond + 1e-3)
          expect(bucket.left).toBeGreaterThanOrEqual(-1e-3)
        }
      }),
    )
  })

  it('has a token after the returned wait, and none after half of it', () => {
    fc.assert(
      fc.property(bounds, steps, (limits, waits) => {
        let bucket = fullBucket(limits, 0)
        let nowMs = 0
        for (const wait of waits) {
          nowMs = Math.max(nowMs, nowMs + wait)
          const taken = takeOne(bucket, limits, nowMs)
          bucket = taken.bucket
          if (taken.waitMs === 0) continue
          expect(takeOne(bucket, limits, nowMs + taken.waitMs).waitMs).toBe(0)
          expect(takeOne(bucket, limits, nowMs + taken.waitMs / 2 - 1).waitMs).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('is full again after the time that a burst takes at its rate', () => {
    fc.assert(
      fc.property(bounds, (limits) => {
        const empty = { left: 0, atMs: 0 }
        expect(leftAt(empty, limits, Math.ceil((limits.burst / limits.perSecond) * 1_000))).toBe(limits.burst)
      }),
      { examples: [[{ burst: 29, perSecond: 200 }]] },
    )
  })
})
