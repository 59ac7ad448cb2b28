import { describe, expect, it } from 'vitest'
import { betterTransport, chooseTransport, tryBetterAfterMs, type Choice, type Outcome } from './choose-transport.js'
import type { TransportName } from './transport.js'

const WORKED: Outcome = { hadFrames: true, blocked: false }
const BLOCKED: Outcome = { hadFrames: false, blocked: true }
const UNREACHABLE: Outcome = { hadFrames: false, blocked: false }

/** Returns the transports that a new reader tries in turn when its sessions end with these outcomes. */
const transports = (...outcomes: Outcome[]): TransportName[] => {
  let choice: Choice = { transport: 'stream', blocked: 0, proven: false }
  return [
    choice.transport,
    ...outcomes.map((outcome) => (choice = chooseTransport(choice, outcome, ['stream', 'events', 'poll'])).transport),
  ]
}

describe('the choice of a transport', () => {
  it('falls back immediately if the stream never worked, and returns to the stream after the last', () => {
    expect(transports(BLOCKED, BLOCKED, BLOCKED)).toEqual(['stream', 'events', 'poll', 'stream'])
  })

  it('keeps a stream that worked before until it is blocked twice in a row', () => {
    expect(transports(WORKED, BLOCKED, WORKED, BLOCKED, BLOCKED)).toEqual(['stream', 'stream', 'stream', 'stream', 'stream', 'events'])
  })

  it('leaves events that are blocked after the first frames', () => {
    expect(transports(BLOCKED, { hadFrames: true, blocked: true })).toEqual(['stream', 'events', 'poll'])
  })

  it('keeps a working transport when its session ends', () => {
    expect(transports(BLOCKED, WORKED, WORKED)).toEqual(['stream', 'events', 'events', 'events'])
  })

  it('returns to the stream when no server is reachable', () => {
    expect(transports(BLOCKED, WORKED, UNREACHABLE)).toEqual(['stream', 'events', 'events', 'stream'])
    expect(transports(UNREACHABLE, UNREACHABLE)).toEqual(['stream', 'stream', 'stream'])
  })
})

describe('the return to a better transport', () => {
  it('uses the stream, and from polls the stream and events alternately', () => {
    expect([0, 1, 2, 3].map((tries) => betterTransport('poll', tries))).toEqual(['stream', 'events', 'stream', 'events'])
    expect([0, 1].map((tries) => betterTransport('events', tries))).toEqual(['stream', 'stream'])
  })

  it('is tried after 5 s, then at doubled intervals up to a minute', () => {
    expect([0, 1, 2, 3, 4, 50].map((tries) => tryBetterAfterMs(tries, () => 1))).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
    expect(tryBetterAfterMs(0, () => 0)).toBe(2_500)
  })
})
