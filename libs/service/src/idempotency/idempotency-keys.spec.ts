import { describe, expect, it } from 'vitest'
import { idempotencyKeyOf } from './idempotency-keys.js'

describe('an Idempotency-Key', () => {
  it('is used whole: a key that is too long is refused, not truncated', () => {
    expect(idempotencyKeyOf(undefined)).toBeUndefined()
    expect(idempotencyKeyOf('k'.repeat(200))).toBe('k'.repeat(200))
    for (const key of ['', 'k'.repeat(201)])
      expect(() => idempotencyKeyOf(key)).toThrowError(expect.objectContaining({ code: 'HMS_HTTP_KEY_INVALID', status: 400 }))
  })
})
