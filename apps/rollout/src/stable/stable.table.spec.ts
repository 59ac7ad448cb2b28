import { describe, expect, it } from 'vitest'
import type { ReleaseDocument } from '#libs/contracts'
import { advance, asOf, revertRelease, newStable, rollBackTo, withoutRelease, type Stable } from './stable.table.js'

const NOW = new Date('2024-09-01T12:00:00Z')
const LATER = new Date('2024-09-02T12:00:00Z')

function release(version: string, effective = '2024-09-01T00:00:00Z'): ReleaseDocument {
  const payload = Buffer.from(JSON.stringify({ predicate: { policy: { id: 'pm25', version, effective } } })).toString('base64')
  const envelope = { payload, payloadType: '', signatures: [] }
  return { id: 'pm25', version, policyDigest: version, releaseDigest: version, releaseEpoch: Number(version[0]), envelope }
}

const [one, two] = [release('1.0.0'), release('2.0.0')]
const advanced = (stable: Stable, next: ReleaseDocument, run: number): Stable => advance(stable, next, run, ['pm25'], NOW)
const first = advanced(newStable('pm25', 10), one, 1)

describe('the head since which a release is in force without a break', () => {
  it('is the head that made the release current, and does not change while a later head only holds another release', () => {
    expect(first).toMatchObject({ seq: 11, sinceSeq: 11 })
    const held = advanced(first, release('2.0.0', LATER.toISOString()), 2)
    expect(held).toMatchObject({ seq: 12, sinceSeq: 11, next: { sinceSeq: 12 } })
    expect(asOf(held, LATER)).toMatchObject({ seq: 12, sinceSeq: 12, current: { version: '2.0.0' } })
  })

  it('is the new head after a rollback or a withdrawal by people', () => {
    expect(rollBackTo(advanced(first, two, 2), one, ['pm25'], NOW)).toMatchObject({ seq: 13, sinceSeq: 13 })
    expect(withoutRelease(first, NOW)).toMatchObject({ seq: 12, sinceSeq: 12, current: null })
  })

  it('is the new head when a run reverts a version announced as live', () => {
    expect(revertRelease(advanced(first, two, 2), one, { now: NOW, wasPromoted: true })).toMatchObject({ seq: 13, sinceSeq: 13 })
  })

  it('is unchanged when a run reverts a version not yet announced as live: the base of its canary stayed stable', () => {
    expect(revertRelease(advanced(first, two, 2), one, { now: NOW, wasPromoted: false })).toMatchObject({ seq: 13, sinceSeq: 11 })
    const held = asOf(advanced(first, release('2.0.0', LATER.toISOString()), 2), LATER)
    expect(revertRelease(held, one, { now: LATER, wasPromoted: false })).toMatchObject({
      seq: 13,
      sinceSeq: 11,
      current: { version: '1.0.0' },
    })
    const removed = revertRelease(advanced(withoutRelease(first, NOW), two, 2), null, { now: NOW, wasPromoted: false })
    expect(removed).toMatchObject({ seq: 14, sinceSeq: 12, current: null })
  })
})
