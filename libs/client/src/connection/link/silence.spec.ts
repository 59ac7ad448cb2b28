import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../../testing/manual-clock.js'
import { Silence } from './silence.js'

let clock: ManualClock
let received: number
let silent: number
let limit: number
let silence: Silence

beforeEach(() => {
  ;[clock, received, silent] = [new ManualClock(0), 0, 0]
  const onSilence = (limitMs: number): void => {
    silent++
    limit = limitMs
  }
  silence = new Silence({ clock, limitMs: 5_000, received: () => received, onSilence })
  silence.watch()
})

describe('Silence', () => {
  it('is reported when the limit has passed since the last frame', () => {
    clock.advance(4_999)
    silence.watch()
    clock.advance(4_999)
    expect(silent).toBe(0)
    clock.advance(1)
    expect(silent).toBe(1)
  })

  it('is not reported while a large frame arrives, and is reported when only pings arrive', () => {
    received = 4_096
    clock.advance(5_000)
    expect(silent).toBe(0)
    received += 127
    clock.advance(5_000)
    expect(silent).toBe(1)
  })

  it('is reported only after a grace period when the process was suspended', () => {
    clock.stall(60_000)
    expect(silent).toBe(0)
    silence.watch()
    clock.advance(4_999)
    expect(silent).toBe(0)
    clock.stall(60_000)
    clock.advance(250)
    expect(silent).toBe(1)
  })

  it('is reported with the limit that has passed', () => {
    silence.watch(3_000)
    received = 4_096
    clock.advance(3_000)
    clock.advance(5_000)
    expect([silent, limit]).toEqual([1, 5_000])
    silence.watch(3_000)
    clock.stall(60_000)
    clock.advance(250)
    expect([silent, limit]).toEqual([2, 3_000])
  })

  it('is not reported after stop', () => {
    silence.stop()
    clock.advance(60_000)
    expect(silent).toBe(0)
  })
})
