import { array, assert, constant, constantFrom, nat, oneof, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FetchSession, type SessionPart, type WantedTopic } from './fetch-session.js'

const PARTITIONS = 3

describe('a fetch session', () => {
  it('names all partitions first, then changed and no longer wanted ones', () => {
    const session = new FetchSession()
    expect(session.next(wanted({ a: [1, 1], b: [7] }))).toEqual({
      sessionId: 0,
      sessionEpoch: 0,
      topics: wanted({ a: [1, 1], b: [7] }),
      forgottenTopics: [],
    })
    session.answered({ errorCode: 0, sessionId: 9 })
    expect(session.next(wanted({ a: [1, 2] }))).toEqual({
      sessionId: 9,
      sessionEpoch: 1,
      topics: [{ topic: 'a', partitions: [{ partition: 1, fetchOffset: '2', maxBytes: 100 }] }],
      forgottenTopics: [{ topic: 'b', partitions: [0] }],
    })
  })

  it('names all partitions in each request to a broker that keeps no session', () => {
    const session = new FetchSession()
    for (let turn = 0; turn < 3; turn++) {
      expect(session.next(wanted({ a: [1] }))).toMatchObject({ sessionId: 0, sessionEpoch: 0, topics: [{ topic: 'a' }] })
      expect(session.answered({ errorCode: 0, sessionId: 0 })).toBe(true)
    }
  })

  it('leaves the broker with exactly the wanted partitions, despite failures and lost sessions', () => {
    assert(
      property(array(step, { maxLength: 30 }), (steps) => {
        const session = new FetchSession()
        const broker = new FakeBroker()
        for (const { topics, fate } of steps) {
          if (fate === 'evicted') broker.forgetSessions()
          const part = session.next(topics)
          if (fate === 'not-sent') session.failed()
          else if (fate === 'no-answer') {
            broker.fetch(part)
            session.failed()
          } else {
            let answer = broker.fetch(part)
            if (!session.answered(answer)) {
              answer = broker.fetch(session.next(topics))
              expect(session.answered(answer)).toBe(true)
            }
            expect(broker.reads(answer.sessionId)).toEqual(flat(topics))
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

const topics = array(record({ topic: constantFrom('a', 'b', 'a:b'), offsets: array(nat(2), { minLength: 1, maxLength: PARTITIONS }) }), {
  maxLength: 3,
}).map((all) => wanted(Object.fromEntries(all.map(({ topic, offsets }) => [topic, offsets]))))
const step = record({ topics, fate: oneof(constant('well'), constantFrom('well', 'evicted', 'not-sent', 'no-answer')) })

/** Keeps sessions as a broker does: epoch 0 starts a session and ends the session it names; any other epoch must follow the last one. */
class FakeBroker {
  private readonly sessions = new Map<number, { epoch: number; offsets: Map<string, string> }>()
  private ids = 0

  forgetSessions(): void {
    this.sessions.clear()
  }

  reads(sessionId: number): Record<string, string> {
    return Object.fromEntries([...this.sessions.get(sessionId)!.offsets].sort())
  }

  fetch({ sessionId, sessionEpoch, topics: listed, forgottenTopics }: SessionPart): { errorCode: number; sessionId: number } {
    if (sessionEpoch === 0) {
      this.sessions.delete(sessionId)
      this.sessions.set(++this.ids, { epoch: 1, offsets: new Map(Object.entries(flat(listed))) })
      return { errorCode: 0, sessionId: this.ids }
    }
    const session = this.sessions.get(sessionId)
    if (session === undefined) return { errorCode: 70, sessionId: 0 }
    if (session.epoch !== sessionEpoch) return { errorCode: 71, sessionId: 0 }
    session.epoch++
    for (const { topic, partitions } of forgottenTopics) for (const partition of partitions) session.offsets.delete(`${topic} ${partition}`)
    for (const [key, offset] of Object.entries(flat(listed))) session.offsets.set(key, offset)
    return { errorCode: 0, sessionId }
  }
}

/** Returns fetch topics from the offsets of each topic's partitions, which are numbered from 0. */
function wanted(offsets: Record<string, number[]>): WantedTopic[] {
  return Object.entries(offsets).map(([topic, mine]) => ({
    topic,
    partitions: mine.map((offset, partition) => ({ partition, fetchOffset: String(offset), maxBytes: 100 })),
  }))
}

function flat(all: readonly WantedTopic[]): Record<string, string> {
  const entries = all.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, fetchOffset }) => [`${topic} ${partition}`, fetchOffset] as const),
  )
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
