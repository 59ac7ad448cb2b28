import { describe, expect, it } from 'vitest'
import type { ConfigDocument } from '#libs/contracts'
import { readRoster, type Roster } from '#libs/signing'
import { systemClock } from '../clock.js'
import { sampleDocument } from '../testing/sample-document.js'
import { SAMPLE_ROSTER, sampleRoster } from '../testing/sample-trust.js'
import { CheckedOnce } from './checked-once.js'
import { DocumentTrust } from './document-trust.js'
import { ReaderTime } from './reader-time.js'

const roster = readRoster(SAMPLE_ROSTER)

describe('a cached check', () => {
  const counting = () => {
    const seen: unknown[] = []
    const once = new CheckedOnce((value: unknown, { version }: Roster) => {
      seen.push(value)
      if (value === 'false') throw new Error('refused')
      return `${JSON.stringify(value)} by ${version}`
    })
    return { once, seen }
  }

  it('runs again for other bytes, another roster, and a value that was refused', async () => {
    const { once, seen } = counting()
    const next = readRoster(await sampleRoster(2))
    for (let turn = 0; turn < 3; turn++) {
      expect(once.of({ a: 1 }, roster)).toBe('{"a":1} by 1')
      expect(once.of({ a: 2 }, roster)).toBe('{"a":2} by 1')
      expect(once.of({ a: 1 }, next)).toBe('{"a":1} by 2')
      expect(() => once.of('false', roster)).toThrow('refused')
    }
    expect(seen).toEqual([{ a: 1 }, { a: 2 }, { a: 1 }, 'false', 'false', 'false'])
  })

  it('evicts the least recently used results above its limits', () => {
    const { once, seen } = counting()
    for (let value = 0; value < 1_000; value++) once.of(value, roster)
    once.of(0, roster)
    once.of('one more', roster)
    expect([once.of(0, roster), seen.length]).toEqual(['0 by 1', 1_001])
    once.of(1, roster)
    expect(seen.length).toBe(1_002)
    const large = 'x'.repeat(20 * 1024 * 1024)
    for (const value of [large, `${large}y`, 0]) once.of(value, roster)
    expect(seen.length).toBe(1_005)
  })

  it('runs for values that cannot be serialised', () => {
    const { once } = counting()
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(() => once.of(cycle, roster)).toThrow(TypeError)
    expect(once.of(undefined, roster)).toBe('undefined by 1')
  })
})

describe('readers of one process', () => {
  const reader = () => new DocumentTrust(() => roster, new ReaderTime(systemClock))
  const version = (seq: number): ConfigDocument => sampleDocument({ policy: { id: 'pm25', version: `${seq}.0.0` }, seq })

  it('share verification results, and no floors', () => {
    const [first, second] = [reader(), reader()]
    const [old, newer] = [version(1), version(2)]
    first.admit(newer)
    expect(() => first.admit(old)).toThrow(expect.objectContaining({ code: 'HMS_HEAD_REPLAYED' }))
    expect(second.admit(structuredClone(old)).value?.version).toBe('1.0.0')
    expect(second.admit(structuredClone(newer)).value).toBe(first.admit(newer).value)
  })

  it('refuse a document that differs from a valid one in unsigned members', () => {
    reader().admit(version(1))
    const forged = { ...version(1), digest: `sha256:${'0'.repeat(64)}` }
    expect(() => reader().admit(forged)).toThrow(expect.objectContaining({ code: 'HMS_HEAD_MALFORMED' }))
  })
})
