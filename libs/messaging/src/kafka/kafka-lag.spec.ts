import { describe, expect, it } from 'vitest'
import { LagClock, readLag } from './kafka-lag.js'

describe('lag on Kafka', () => {
  it('reports the oldest record being handled, by group and topic', () => {
    const clock = new LagClock(() => 100_000)
    const record = { group: 'linter', topic: 'hms.approval.v1' }
    const done = [clock.started({ ...record, atMs: 50_000, run: 7 }), clock.started({ ...record, atMs: 40_000, run: null })]
    clock.started({ ...record, group: 'audit', atMs: 1, run: 1 })
    expect(clock.oldest('linter', 'hms.approval.v1')).toEqual({ run: null, at: new Date(40_000).toISOString() })
    done[1]!()
    expect(clock.oldest('linter', 'hms.approval.v1')).toEqual({ run: 7, at: new Date(50_000).toISOString() })
    done[0]!()
    expect(clock.oldest('linter', 'hms.approval.v1')).toBeUndefined()
  })

  it('requests each topic and each group once', async () => {
    const requests: string[] = []
    const admin = {
      fetchTopicOffsets: async (topic: string) => {
        requests.push(topic)
        return [{ partition: 0, offset: '9', high: '9', low: '2' }]
      },
      fetchOffsets: async ({ groupId, topics }: { groupId: string; topics: string[] }) => {
        requests.push(groupId)
        return topics.map((topic) => ({ topic, partitions: [{ partition: 0, offset: groupId === 'linter' ? '5' : '-1', metadata: null }] }))
      },
    }
    const lag = await readLag(admin as never, ['linter', 'rollout'], new LagClock(() => 0))
    expect(requests.length).toBe(new Set(requests).size)
    const approval = lag.find(({ topic }) => topic === 'hms.approval.v1')
    expect(approval).toEqual({
      topic: 'hms.approval.v1',
      messages: 7,
      groups: [
        { group: 'linter', messages: 4, seconds: 0 },
        { group: 'rollout', messages: 7, seconds: 0 },
      ],
    })
    const control = lag.find(({ topic }) => topic === 'hms.run.control.v1')
    expect(control?.groups).toEqual([{ group: 'rollout.control', messages: 7, seconds: 0 }])
  })
})
