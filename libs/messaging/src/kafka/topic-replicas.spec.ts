import { expect, it } from 'vitest'
import { wantedTopics } from './kafka-topics.js'
import { otherReplicaCount, replicaAssignments, requireReplicationFactor, requireBrokers } from './topic-replicas.js'

it('min.insync.replicas is one below the replication factor, and at least 1', () => {
  const inSync = (replication: number) => new Set(wantedTopics(replication).map(({ config }) => config['min.insync.replicas']))
  expect([1, 2, 3, 5].map((replication) => [...inSync(replication)])).toEqual([['1'], ['1'], ['2'], ['4']])
  expect(wantedTopics(3).every(({ replication }) => replication === 3)).toBe(true)
})

it('more replicas than brokers are refused, with the number of brokers', () => {
  expect(() => requireBrokers(3, 3)).not.toThrow()
  expect(() => requireBrokers(1, 1)).not.toThrow()
  expect(() => requireBrokers(3, 1)).toThrow(
    expect.objectContaining({
      code: 'HMS_TOPICS_BROKERS',
      detail: expect.stringContaining('the cluster has 1 broker.') as string,
    }) as Error,
  )
  expect(() => requireBrokers(3, 2)).toThrow('the cluster has 2 brokers.')
})

it('a topic with a wrong replication factor is reported with its smallest replica count', () => {
  const partitions = (...counts: number[]) => counts.map((count) => ({ replicas: Array.from({ length: count }, (_, broker) => broker) }))
  expect([
    otherReplicaCount(3, partitions(3, 3)),
    otherReplicaCount(3, partitions(3, 2, 1)),
    otherReplicaCount(1, partitions(2, 1)),
  ]).toEqual([undefined, 1, 2])
  expect(() => requireReplicationFactor([])).not.toThrow()
  expect(() => requireReplicationFactor([{ topic: 'hms.lint.v1', wanted: '3', found: '1' }])).toThrow(
    'hms.lint.v1 has 1 replicas instead of 3',
  )
})

it('missing replicas are placed on the brokers with the fewest replicas, and leaders stay', () => {
  const held = (...all: number[][]) => all.map((replicas, partitionId) => ({ partitionId, replicas }))
  expect(replicaAssignments(3, held([1], [1], [2]), [1, 2, 3, 4])).toEqual([
    { partition: 0, replicas: [1, 3, 4] },
    { partition: 1, replicas: [1, 2, 3] },
    { partition: 2, replicas: [2, 4, 1] },
  ])
  expect(replicaAssignments(1, held([2, 1, 3], [3]), [1, 2, 3])).toEqual([{ partition: 0, replicas: [2] }])
  expect(replicaAssignments(3, held([1]), [1, 2])).toBeUndefined()
})
