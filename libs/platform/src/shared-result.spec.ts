import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from './testing/index.js'
import { SharedResult } from './shared-result.js'

let clock: VirtualClock
let made: number
let fails: boolean
let answer: SharedResult<number>
beforeEach(() => {
  clock = new VirtualClock('2026-03-01T00:00:00Z')
  made = 0
  fails = false
  const make = async (): Promise<number> => {
    made++
    if (fails) throw new Error('down')
    return made
  }
  answer = new SharedResult(make, clock, 1_000)
})
const pass = (ms: number): void => clock.advanceTo(clock.now().getTime() + ms)

describe('a shared result', () => {
  it('is computed once for all callers within its time', async () => {
    expect(await Promise.all(Array.from({ length: 40 }, () => answer.get()))).toEqual(Array.from({ length: 40 }, () => 1))
    pass(999)
    expect(await answer.get()).toBe(1)
    pass(1)
    expect(await answer.get()).toBe(2)
  })

  it('that failed is computed again', async () => {
    fails = true
    await expect(answer.get()).rejects.toThrow('down')
    fails = false
    expect(await answer.get()).toBe(2)
  })
})
