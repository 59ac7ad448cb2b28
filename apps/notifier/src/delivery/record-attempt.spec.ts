import { describe, expect, it } from 'vitest'
import { runWaitsNoLonger } from './delivery.table.js'
import { endOf, recordAttempt } from './record-attempt.js'
import { sampleDelivery } from './sample-delivery.suite.js'
import { HORIZON_MS } from './schedule.js'

const START = new Date('2026-01-01T00:00:01Z')
const END = new Date('2026-01-01T00:00:02Z')
const sending = sampleDelivery({ sending: true })
const failed = { outcome: 'retry' as const, latencyMs: 0, detail: null }
const refusal = { kind: 'retry' as const, status: 500, latencyMs: 12, detail: 'answered 500' }

describe('recordAttempt', () => {
  it('ends a delivery that the partner accepted', () => {
    const booked = recordAttempt(sending, { kind: 'delivered', status: 204, latencyMs: 12 }, START, END, false)
    expect(booked).toMatchObject({ state: 'delivered', sending: false, tries: 1, nextAttemptAt: null, deliveredAt: END.toISOString() })
    expect(booked.log).toEqual([{ at: START.toISOString(), outcome: 'delivered', status: 204, latencyMs: 12, detail: null }])
  })

  it('schedules the next attempt after a failure', () => {
    const booked = recordAttempt(sending, refusal, START, END, false)
    expect(booked).toMatchObject({ state: 'pending', tries: 1, firstAt: START.toISOString(), sending: false })
    const waitMs = Date.parse(booked.nextAttemptAt!) - END.getTime()
    expect(waitMs).toBeGreaterThanOrEqual(4_000)
    expect(waitMs).toBeLessThanOrEqual(6_000)
  })

  it('ends a delivery after 24 hours, on 410, and if a newer message waits', () => {
    const late = new Date(START.getTime() + HORIZON_MS)
    expect(recordAttempt({ ...sending, firstAt: START.toISOString(), tries: 14 }, refusal, late, late, false).state).toBe('dead')
    const gone = { kind: 'gone' as const, status: 410, latencyMs: 1 }
    expect(recordAttempt(sending, gone, START, END, false)).toMatchObject({ state: 'dead', nextAttemptAt: null })
    expect(recordAttempt(sending, refusal, START, END, true)).toMatchObject({ state: 'superseded', nextAttemptAt: null })
  })

  it('ends a delivery at the second permanent refusal, even with other failures in between', () => {
    const rejection = { kind: 'rejected' as const, status: 550, latencyMs: 1 }
    const once = recordAttempt(sending, rejection, START, END, false)
    expect(once).toMatchObject({ state: 'pending', nextAttemptAt: expect.any(String) })
    const between = recordAttempt(once, refusal, START, END, false)
    expect(between.state).toBe('pending')
    expect(recordAttempt(between, rejection, START, END, false)).toMatchObject({ state: 'dead', tries: 3, nextAttemptAt: null })
  })

  it('keeps the task that the partner works on until another outcome, by the schedule of attempts', () => {
    const working = { kind: 'working' as const, status: 200, latencyMs: 1, detail: 'task working', task: 't' }
    const booked = recordAttempt(sending, working, START, END, false)
    expect(booked).toMatchObject({ state: 'pending', task: 't', nextAttemptAt: expect.any(String) })
    expect(runWaitsNoLonger(booked)).toBe(false)
    const failed = recordAttempt(booked, refusal, START, END, false)
    expect([failed.task, runWaitsNoLonger(failed)]).toEqual([undefined, true])
    const late = new Date(START.getTime() + HORIZON_MS)
    const [last] = recordAttempt({ ...booked, tries: 14 }, working, late, late, false).log.slice(-1)
    expect([recordAttempt({ ...booked, tries: 14 }, working, late, late, false).state, last!.detail]).toEqual(['dead', 'task working'])
  })

  it('keeps a delivered message delivered, with its time, whatever the outcome of a redrive', () => {
    const again = { ...sending, deliveredAt: '2025-12-31T00:00:00.000Z' }
    const gone = { kind: 'gone' as const, status: 410, latencyMs: 1 }
    for (const [outcome, booked] of [
      ['dead', recordAttempt(again, gone, START, END, false)],
      ['superseded', recordAttempt(again, refusal, START, END, true)],
      ['delivered', recordAttempt(again, { kind: 'delivered', status: 204, latencyMs: 1 }, START, END, false)],
    ] as const) {
      expect(booked).toMatchObject({ state: outcome, deliveredAt: '2025-12-31T00:00:00.000Z' })
      expect(endOf(booked, booked.state)).toBe('delivered')
    }
    expect(endOf(again, 'pending')).toBe('pending')
  })

  it('keeps the last 20 attempts', () => {
    const log = Array.from({ length: 20 }, (_, index) => ({ at: START.toISOString(), ...failed, status: index }))
    const kept = recordAttempt({ ...sending, log }, refusal, START, END, false).log
    expect(kept.map(({ status }) => status)).toEqual([...log.slice(1).map(({ status }) => status), 500])
  })
})
