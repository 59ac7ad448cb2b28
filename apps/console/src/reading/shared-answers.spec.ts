import { VirtualClock } from '#libs/platform/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { SharedAnswers, type Weigh } from './shared-answers.js'

let clock: VirtualClock
let answers: SharedAnswers
let asked: string[]
beforeEach(() => {
  clock = new VirtualClock('2026-03-01T00:00:00Z')
  answers = new SharedAnswers(clock, { forMs: 1_000, answers: 3, characters: 100 })
  asked = []
})
const pass = (ms: number): void => clock.advanceTo(clock.now().getTime() + ms)
const ask = (key: string, characters = 10, when?: 'anew'): Promise<number> => {
  const make = async (weigh: Weigh): Promise<number> => {
    asked.push(key)
    await Promise.resolve()
    weigh(characters)
    return asked.length
  }
  return when === 'anew' ? answers.getAnew(key, make) : answers.get(key, make)
}

describe('shared answers', () => {
  it('are one for all requests within its time, also while it is fetched', async () => {
    expect(await Promise.all([ask('/v1/runs'), ask('/v1/runs')])).toEqual([1, 1])
    pass(999)
    expect(await ask('/v1/runs')).toBe(1)
    pass(1)
    expect(await ask('/v1/runs')).toBe(2)
  })

  it('are requested again for a caller that accepts no older one, and shared from then on', async () => {
    await ask('/v1/runs')
    expect(await ask('/v1/runs', 10, 'anew')).toBe(2)
    expect(await ask('/v1/runs')).toBe(2)
    expect([asked.length, answers.held]).toEqual([2, { answers: 1, characters: 10 }])
  })

  it('are kept no longer than their time, with or without another request', async () => {
    await Promise.all([ask('/v1/runs'), ask('/v1/policies')])
    expect(answers.held).toEqual({ answers: 2, characters: 20 })
    pass(1_000)
    expect(answers.held).toEqual({ answers: 0, characters: 0 })
  })

  it('are not held at all when they come after their time', async () => {
    const late = ask('/v1/runs')
    pass(1_000)
    const next = ask('/v1/runs', 7)
    expect(await Promise.all([late, next])).toEqual([2, 2])
    expect([asked.length, answers.held]).toEqual([2, { answers: 1, characters: 7 }])
  })

  it('make room, the oldest first, where they are too many', async () => {
    for (const key of ['a', 'b', 'c', 'd']) await ask(key)
    await ask('b')
    await ask('a')
    expect([asked.join(''), answers.held]).toEqual(['abcda', { answers: 3, characters: 30 }])
  })

  it('make room, the oldest first, where they are too large together', async () => {
    await ask('a', 60)
    await ask('b', 30)
    await ask('c', 30)
    expect(answers.held).toEqual({ answers: 2, characters: 60 })
    await ask('c')
    await ask('a', 101)
    expect([asked.join(''), answers.held]).toEqual(['abca', { answers: 0, characters: 0 }])
  })

  it('are requested again after the clock was set back', async () => {
    await ask('a')
    const earlier = new VirtualClock('2026-02-01T00:00:00Z')
    clock.now = () => earlier.now()
    expect([await ask('a'), answers.held]).toEqual([2, { answers: 1, characters: 10 }])
  })
})
