import { expect, it } from 'vitest'
import { ClientBuckets } from './token-bucket.js'

const BOUNDS = { burst: 2, perSecond: 1 }

it('counts each client separately', () => {
  const buckets = new ClientBuckets(BOUNDS, () => 0)
  expect(['a', 'a', 'a', 'b'].map((client) => buckets.take(client) === 0)).toEqual([true, true, false, true])
})

it('drops clients whose bucket is full again', () => {
  let nowMs = 0
  const buckets = new ClientBuckets(BOUNDS, () => nowMs)
  for (let n = 0; n < 50; n++) buckets.take(`early ${n}`)
  nowMs = 2_000
  buckets.take('late')
  expect(buckets.size).toBe(1)
})

it('keeps at most its maximum number of clients, the most recently used ones longest', () => {
  const buckets = new ClientBuckets(BOUNDS, () => 0, 10)
  for (let n = 0; n < 2; n++) buckets.take('busy')
  for (let n = 0; n < 100; n++) {
    buckets.take(`other ${n}`)
    expect(buckets.take('busy')).toBeGreaterThan(0)
    expect(buckets.size).toBeLessThanOrEqual(10)
  }
})
