import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EndedAttempt, HORIZON_MS, JITTER, MAX_ATTEMPTS, nextAttemptAt, ATTEMPT_OFFSETS_MS } from './schedule.js'

const firstAt = new Date('2026-01-01T00:00:00Z')
const retry = { kind: 'retry' } as const
const after = (ms: number): Date => new Date(firstAt.getTime() + ms)
const next = (ended: Partial<EndedAttempt>): Date | 'dead' | 'disabled' =>
  nextAttemptAt({ firstAt, endedAt: firstAt, attempt: 1, outcome: retry, seed: 'd1', ...ended })

/** Returns the offsets of all attempts when each takes `tookMs` and fails. */
function run(seed: string, tookMs: number): number[] {
  const offsets = [0]
  for (let attempt = 1; ; attempt++) {
    const at = next({ endedAt: after((offsets.at(-1) ?? 0) + tookMs), attempt, seed })
    if (!(at instanceof Date)) return offsets
    offsets.push(at.getTime() - firstAt.getTime())
  }
}

describe('nextAttemptAt', () => {
  it('always schedules 15 attempts, the last one after exactly 24 hours', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 15_000 }), (seed, tookMs) => {
        const offsets = run(seed, tookMs)
        expect(offsets).toHaveLength(MAX_ATTEMPTS)
        expect(offsets.at(-1)).toBe(HORIZON_MS)
      }),
    )
  })

  it('keeps every gap except the last within 20 % of its nominal length', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const offsets = run(seed, 0)
        for (let i = 1; i < MAX_ATTEMPTS - 1; i++) {
          const nominal = (ATTEMPT_OFFSETS_MS[i] ?? 0) - (ATTEMPT_OFFSETS_MS[i - 1] ?? 0)
          const gap = (offsets[i] ?? 0) - (offsets[i - 1] ?? 0)
          expect(Math.abs(gap - nominal)).toBeLessThanOrEqual(nominal * JITTER + 1)
        }
      }),
    )
  })

  it('spreads different deliveries, and returns the same times for the same delivery', () => {
    expect(run('d1', 0)).toEqual(run('d1', 0))
    expect(new Set(Array.from({ length: 50 }, (_, i) => run(`d${i}`, 0)[5])).size).toBeGreaterThan(45)
  })

  it('waits at least a minute after a timeout or 429', () => {
    expect(next({ outcome: { kind: 'retry', timedOut: true } })).toEqual(after(60_000))
    expect(next({ outcome: { kind: 'retry', status: 429 } })).toEqual(after(60_000))
    expect(next({ outcome: { kind: 'retry', status: 500 } })).not.toEqual(after(60_000))
  })

  it('lets Retry-After raise a gap, never lower it, and caps it at an hour', () => {
    expect(next({ retryAfterMs: 90_000 })).toEqual(after(90_000))
    expect(next({ retryAfterMs: 1 })).toEqual(next({}))
    expect(next({ retryAfterMs: 7_200_000 })).toEqual(after(3_600_000))
  })

  it('never returns a time after the 24 hours', () => {
    const endedAt = after(HORIZON_MS - 60_000)
    expect(next({ endedAt, attempt: 4, retryAfterMs: 3_600_000 })).toEqual(after(HORIZON_MS))
    fc.assert(
      fc.property(fc.nat(HORIZON_MS - 1), fc.integer({ min: 1, max: 14 }), fc.nat(), (ms, attempt, retryAfterMs) => {
        const at = next({ endedAt: after(ms), attempt, retryAfterMs })
        expect(at instanceof Date && at.getTime() > firstAt.getTime() + ms && at <= after(HORIZON_MS)).toBe(true)
      }),
    )
  })

  it('returns dead after the 15th attempt or the 24 hours, and disabled after 410', () => {
    expect(next({ attempt: 15 })).toBe('dead')
    expect(next({ attempt: 3, endedAt: after(HORIZON_MS) })).toBe('dead')
    expect(next({ outcome: { kind: 'gone', status: 410 } })).toBe('disabled')
    expect(next({ outcome: { kind: 'refused' } })).toBeInstanceOf(Date)
  })
})
