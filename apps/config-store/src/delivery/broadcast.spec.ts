import { describe, expect, it } from 'vitest'
import { SILENCE_MS } from '#libs/contracts'
import { retryAfterMs } from './broadcast.js'

describe('the wait in a goodbye frame', () => {
  it.each([
    [0, 500],
    [1_000, 500],
    [3_000, 1_500],
    [10_000, 4_000],
    [1_000_000, 4_000],
  ])('of %i readers is spread over %i ms', (readers, spreadMs) => {
    expect(retryAfterMs(readers, () => 0)).toBe(0)
    expect(retryAfterMs(readers, () => 0.999_999)).toBe(spreadMs - 1)
  })

  it('ends before a reader becomes STALE', () => {
    expect(retryAfterMs(Number.MAX_SAFE_INTEGER, () => 0.999_999)).toBeLessThan(SILENCE_MS)
  })
})
