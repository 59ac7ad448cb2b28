import { describe, expect, it } from 'vitest'
import { FURTHER_KEYS, digestOfState, stateOfRecord, TopicState } from './topic-state.js'

describe('TopicState', () => {
  it('is bounded: keys beyond the limit share one entry', () => {
    const state = new TopicState(2)
    for (const key of ['a', 'b', 'c', 'd', 'x'.repeat(1_000_000)]) state.add({ key, value: '{}' })
    expect([...state.digests.keys()]).toEqual(['a', 'b', FURTHER_KEYS])
    state.add({ key: 'a', value: null })
    state.add({ key: 'e', value: '{}' })
    expect([...state.digests.keys()].every((place) => place.length < 100)).toBe(true)
  })

  it('needs some 200 bytes for each of 10,000 policies', () => {
    const state = new TopicState()
    for (let n = 0; n < 10_000; n++) state.add({ key: `policy-${n}@global`, value: `{"n":${n}}` })
    const characters = [...state.digests].reduce((sum, [place, digest]) => sum + place.length + digest.length, 0)
    expect([state.digests.size, characters < 10_000 * 50]).toEqual([10_000, true])
  })

  it('ignores heartbeat and freshness records', () => {
    const state = new TopicState()
    for (const key of ['~heartbeat', '~freshness']) state.add({ key, value: 'now' })
    expect(state.digests.size).toBe(0)
  })

  it('has the same digest for a document in any order of members, and for nothing else', () => {
    const document = { id: 'a', scope: 'global', seq: 1 } as never
    const record = (data: object, type = 'hms.state.recorded.v1') =>
      JSON.stringify({ payload: Buffer.from(JSON.stringify({ predicate: { type, data } })).toString('base64'), signatures: [] })
    expect(stateOfRecord(record({ document: { seq: 1, scope: 'global', id: 'a' } }))).toEqual({
      digest: digestOfState({ document }),
      seq: 1,
    })
    for (const other of [
      record({ document: { seq: 2, scope: 'global', id: 'a' } }),
      record({ document }, 'hms.state.vouched.v1'),
      record({ document, bundle: 'more' }),
      '{',
      '['.repeat(100_000),
    ])
      expect(stateOfRecord(other).digest).not.toBe(digestOfState({ document }))
  })
})
