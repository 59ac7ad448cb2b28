import { describe, expect, it } from 'vitest'
import { betterWay, chooseWay, FIRST_CHOICE, tryBetterAfterMs, type Choice, type Outcome } from './choose-way.js'
import type { WayName } from './way.js'

const WORKED: Outcome = { hadFrames: true, blocked: false }
const BLOCKED: Outcome = { hadFrames: false, blocked: true }
const NOBODY: Outcome = { hadFrames: false, blocked: false }

/** Returns the transports that a new reader tries when its sessions end with these outcomes. */
const ways = (...outcomes: Outcome[]): WayName[] => {
  let choice: Choice = FIRST_CHOICE
  return [choice.way, ...outcomes.map((outcome) => (choice = chooseWay(choice, outcome)).way)]
}

describe('the choice of a way', () => {
  it('falls at once where the stream never led through, and begins anew after the last', () => {
    expect(ways(BLOCKED, BLOCKED, BLOCKED)).toEqual(['stream', 'events', 'poll', 'stream'])
  })

  it('believes in a stream that led through before, until it is blocked twice in a row', () => {
    expect(ways(WORKED, BLOCKED, WORKED, BLOCKED, BLOCKED)).toEqual(['stream', 'stream', 'stream', 'stream', 'stream', 'events'])
  })

  it('leaves events that are held back after the first frames', () => {
    expect(ways(BLOCKED, { hadFrames: true, blocked: true })).toEqual(['stream', 'events', 'poll'])
  })

  it('stays with a way that works when a session of it ends', () => {
    expect(ways(BLOCKED, WORKED, WORKED)).toEqual(['stream', 'events', 'events', 'events'])
  })

  it('goes to the stream when nobody is there', () => {
    expect(ways(BLOCKED, WORKED, NOBODY)).toEqual(['stream', 'events', 'events', 'stream'])
    expect(ways(NOBODY, NOBODY)).toEqual(['stream', 'stream', 'stream'])
  })
})

describe('the way back', () => {
  it('is the stream, and from polls events in turn', () => {
    expect([0, 1, 2, 3].map((tries) => betterWay('poll', tries))).toEqual(['stream', 'events', 'stream', 'events'])
    expect([0, 1].map((tries) => betterWay('events', tries))).toEqual(['stream', 'stream'])
  })

  it('is tried soon, then ever more rarely, each minute at least', () => {
    expect([0, 1, 2, 3, 4, 50].map((tries) => tryBetterAfterMs(tries, () => 1))).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
    expect(tryBetterAfterMs(0, () => 0)).toBe(2_500)
  })
})
