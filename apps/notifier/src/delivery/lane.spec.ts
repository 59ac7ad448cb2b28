import { describe, expect, it } from 'vitest'
import { runWaitsNoLonger } from './delivery.table.js'
import { headsOf, isBehind, isOvertaken, joinLane, supersededBy } from './lane.js'
import { sampleDelivery } from './sample-delivery.suite.js'

const waiting = sampleDelivery({ id: 'waiting' })
const sending = sampleDelivery({ id: 'sending', sending: true })
const behind = sampleDelivery({ id: 'behind', version: '2.1.0', laneSeq: 2, nextAttemptAt: null, supersedes: ['epa-pm25-limit@2.0.0'] })

describe('a lane of mode latest', () => {
  it('replaces a waiting message with a newer one', () => {
    expect(joinLane(behind, [waiting], 'latest')).toEqual({ superseded: [waiting], first: true, laneSeq: 2 })
    expect(joinLane(behind, [], 'latest')).toEqual({ superseded: [], first: true, laneSeq: 1 })
  })

  it('never replaces or overtakes a message that a worker is sending', () => {
    expect(joinLane(waiting, [sending, behind], 'latest')).toEqual({ superseded: [behind], first: false, laneSeq: 3 })
  })

  it('does not retry a failed message when a newer one is queued behind it', () => {
    expect(isOvertaken(sending, [behind], 'latest')).toBe(true)
    expect(isOvertaken(sending, [], 'latest')).toBe(false)
  })
})

describe('a lane of mode every', () => {
  it('keeps all messages, first in, first out', () => {
    expect(joinLane(behind, [waiting, behind], 'every')).toEqual({ superseded: [], first: false, laneSeq: 3 })
    expect(isOvertaken(waiting, [behind], 'every')).toBe(false)
    const later = { ...behind, id: 'later', laneSeq: 3 }
    expect(headsOf([later, behind])).toEqual([behind])
    expect(headsOf([behind, waiting])).toEqual([])
    expect(headsOf([])).toEqual([])
  })
})

describe('a bundle in the lanes of its policies', () => {
  const both = [
    { policy: 'epa-pm25-limit', version: '2.0.0', digest: '' },
    { policy: 'ozone', version: '1.0.0', digest: '' },
  ]
  const bundle = sampleDelivery({ id: 'bundle', policies: both, supersedes: ['ozone@0.9.0', 'epa-pm25-limit@1.5.0'] })
  const ozone = sampleDelivery({ id: 'ozone', policy: 'ozone', version: '1.1.0', laneSeq: 2, nextAttemptAt: null })

  it('is replaced by a message about all its policies, and delays a message about one of them', () => {
    expect(joinLane(ozone, [bundle], 'latest')).toEqual({ superseded: [], first: false, laneSeq: 2 })
    expect(joinLane(bundle, [ozone, behind], 'latest')).toEqual({ superseded: [ozone, behind], first: true, laneSeq: 3 })
    expect(isOvertaken(bundle, [ozone], 'latest')).toBe(false)
    expect(isOvertaken(bundle, [{ ...bundle, laneSeq: 2 }], 'latest')).toBe(true)
  })

  it('releases all waiting messages when it ends, and is sent when it is the oldest in each lane', () => {
    expect(headsOf([ozone, behind])).toEqual([ozone, behind])
    const last = { ...bundle, laneSeq: 3, nextAttemptAt: null }
    expect(headsOf([last, behind])).toEqual([behind])
    expect([isBehind(last, [last, ozone]), isBehind(last, [last])]).toEqual([true, false])
  })

  it('adds only versions of the same policy to what a later message supersedes', () => {
    expect(supersededBy({ policy: 'ozone', version: '1.1.0', before: '1.0.0' }, [bundle])).toEqual(['ozone@1.0.0', 'ozone@0.9.0'])
  })
})

describe('what a message supersedes', () => {
  it('is the previous version, and all versions the partner was never notified of', () => {
    const news = { policy: 'epa-pm25-limit', version: '2.2.0', before: '2.1.0' }
    expect(supersededBy(news, [waiting, behind])).toEqual(['epa-pm25-limit@2.1.0', 'epa-pm25-limit@2.0.0', 'epa-pm25-limit@1.5.0'])
    expect(supersededBy({ ...news, before: null }, [])).toEqual([])
  })

  it('is never the version itself, for instance after a rollback', () => {
    expect(supersededBy({ policy: 'epa-pm25-limit', version: '1.5.0', before: '2.0.0' }, [waiting])).toEqual(['epa-pm25-limit@2.0.0'])
  })
})

describe('runWaitsNoLonger', () => {
  it('is true after the first attempt, after the end of a delivery, and while a delivery waits in its lane', () => {
    expect([waiting, sending].map(runWaitsNoLonger)).toEqual([false, false])
    const ended = [behind, sampleDelivery({ tries: 1 }), sampleDelivery({ state: 'superseded' }), sampleDelivery({ state: 'delivered' })]
    expect(ended.every(runWaitsNoLonger)).toBe(true)
  })
})
