import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../channels/channel-sender.js'
import { afterAttempt, breakerId, FAILURES_IN_A_ROW, passage, type Breaker } from './breaker.js'

const ID = breakerId('va-deq', 'webhook')
const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1000)
const after = (seconds: number, breaker: Breaker | undefined, ...outcomes: Outcome['kind'][]) =>
  outcomes.reduce<Breaker | undefined>((now, outcome, index) => afterAttempt(ID, now, outcome, at(seconds + index)), breaker)
const open = after(0, undefined, 'retry', 'retry', 'retry', 'retry', 'retry')!

describe('a breaker', () => {
  it('opens for 30 s after five consecutive failures', () => {
    expect(after(0, undefined, 'retry', 'retry', 'retry', 'retry')).toMatchObject({ failures: 4, openUntil: null })
    expect(open).toMatchObject({ failures: FAILURES_IN_A_ROW, openUntil: at(34).toISOString() })
    expect(passage(open, at(20), false)).toEqual({ pass: false, until: at(34) })
  })

  it('opens after seven failures in ten attempts within five minutes', () => {
    const mixed = ['retry', 'retry', 'retry', 'delivered', 'retry', 'retry', 'delivered', 'retry', 'delivered', 'retry'] as const
    expect(after(0, undefined, ...mixed)).toMatchObject({ openUntil: expect.any(String) })
    expect(after(0, undefined, ...mixed.slice(0, 9))).toMatchObject({ openUntil: null })
    const half = mixed.slice(0, 6).reduce<Breaker | undefined>((now, outcome) => afterAttempt(ID, now, outcome, at(0)), undefined)
    const late = mixed.slice(6).reduce<Breaker | undefined>((now, outcome) => afterAttempt(ID, now, outcome, at(400)), half)
    expect(late).toMatchObject({ openUntil: null })
  })

  it('allows one probe when it is due, and no second one at the same time', () => {
    const probe = passage(open, at(34), false)
    if (!probe.pass) throw new Error('no probe')
    expect(passage(probe.breaker, at(35), false)).toEqual({ pass: false, until: at(64) })
    expect(passage(probe.breaker, at(64), false)).toMatchObject({ pass: true })
  })

  it('doubles its wait after each failed probe, up to ten minutes', () => {
    let breaker: Breaker = open
    const waits = Array.from({ length: 7 }, () => {
      const probedAt = new Date(breaker.openUntil!)
      const probe = passage(breaker, probedAt, false)
      if (!probe.pass) throw new Error('no probe')
      breaker = afterAttempt(ID, probe.breaker, 'retry', probedAt)!
      return (Date.parse(breaker.openUntil!) - probedAt.getTime()) / 1000
    })
    expect(waits).toEqual([60, 120, 240, 480, 600, 600, 600])
  })

  it('closes and resets at the first success, even if the partner still works on the message or refuses it', () => {
    for (const outcome of ['delivered', 'working', 'rejected'] as const) {
      expect(after(40, open, outcome)).toMatchObject({ failures: 0, recent: [], openUntil: null, probeMs: 30_000 })
    }
  })

  it('ignores outcomes that show nothing of the other side, and is not created before the first failure', () => {
    expect([after(40, open, 'gone', 'refused'), after(0, undefined, 'delivered', 'gone')]).toEqual([open, undefined])
  })

  it('never blocks the last attempt of a delivery', () => {
    expect(passage(open, at(10), true)).toMatchObject({ pass: true })
  })

  it('remembers a limited number of attempts', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('retry' as const, 'delivered' as const), { maxLength: 200 }), (outcomes) => {
        const breaker = outcomes.reduce<Breaker | undefined>((now, outcome) => afterAttempt(ID, now, outcome, at(0)), undefined)
        expect(breaker?.recent.length ?? 0).toBeLessThanOrEqual(50)
      }),
    )
  })
})
