import { createRequire } from 'node:module'
import { beforeEach, describe, expect, it } from 'vitest'
import { followingAssigner } from './followed-coordinator.js'

type Fault = new (error: unknown, details?: object) => Error
const {
  KafkaJSBrokerNotFound,
  KafkaJSConnectionError,
  KafkaJSConnectionClosedError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  isRebalancing,
} = createRequire(import.meta.url)('kafkajs/src/errors.js') as {
  KafkaJSBrokerNotFound: Fault
  KafkaJSConnectionError: Fault
  KafkaJSConnectionClosedError: Fault
  KafkaJSNumberOfRetriesExceeded: Fault
  KafkaJSProtocolError: Fault
  isRebalancing: (error: unknown) => boolean
}

interface FakeCluster {
  findGroupCoordinator(by: object): Promise<FakeBroker>
  findBroker(by: object): Promise<FakeBroker>
}
interface FakeBroker {
  nodeId: number
  heartbeat(request: object): Promise<string>
  offsetCommit(request: object): Promise<string>
  isConnected(): boolean
}

function placesOf(partitions: Record<string, number[]>): { topics: object[] } {
  const topics = Object.entries(partitions).map(([topic, numbers]) => ({
    topic,
    partitions: numbers.map((partition) => ({ partition, offset: '7' })),
  }))
  return { topics }
}

describe('a group consumer', () => {
  let refusal: Error | undefined
  let isLost: boolean
  let isMember: boolean
  let cluster: FakeCluster
  let mine: Record<string, number[]>
  let committed: object[]

  beforeEach(() => {
    refusal = undefined
    isLost = false
    isMember = true
    mine = { runs: [0, 1] }
    committed = []
    const answer = async (): Promise<string> => {
      if (refusal !== undefined) throw refusal
      return 'alive'
    }
    const find = async (): Promise<FakeBroker> => {
      if (isLost) await answer()
      const offsetCommit = async ({ topics }: { topics: object }): Promise<string> => {
        committed.push(topics)
        return answer()
      }
      return { nodeId: 2, heartbeat: answer, offsetCommit, isConnected: () => true }
    }
    cluster = { findGroupCoordinator: find, findBroker: find }
    followingAssigner(
      () => isMember,
      (topic, partition) => mine[topic]?.includes(partition) === true,
    )({ cluster, groupId: 'linter', logger: {} } as never)
  })

  const heartbeat = async (): Promise<unknown> => {
    const coordinator = await cluster.findGroupCoordinator({ groupId: 'linter' })
    return coordinator.heartbeat({}).catch((error: unknown) => error)
  }
  const refused = (): Error => new KafkaJSConnectionError('connect ECONNREFUSED')

  it('gets the coordinator that its cluster finds, with all its methods', async () => {
    const coordinator = await cluster.findGroupCoordinator({ groupId: 'linter' })
    expect([coordinator.nodeId, coordinator.isConnected(), await coordinator.heartbeat({})]).toEqual([2, true, 'alive'])
  })

  it('looks for another coordinator when its own refuses connections', async () => {
    refusal = refused()
    expect(isRebalancing(refusal)).toBe(false)
    expect(isRebalancing(await heartbeat())).toBe(true)
  })

  it.each<[string, () => Error]>([
    ['refuses connections', refused],
    ['is no broker of the cluster any more', () => new KafkaJSBrokerNotFound('Broker 3 not found in the cached metadata')],
  ])('looks for another coordinator when a commit finds that its own %s', async (_, fault) => {
    const coordinator = await cluster.findGroupCoordinator({ groupId: 'linter' })
    const commit = async (): Promise<unknown> => (await cluster.findBroker(coordinator)).offsetCommit(placesOf({ runs: [0] }))
    expect(await commit()).toBe('alive')
    refusal = fault()
    expect(isRebalancing(await commit().catch((error: unknown) => error))).toBe(true)
    isLost = true
    expect(isRebalancing(await commit().catch((error: unknown) => error))).toBe(true)
    expect(await cluster.findBroker({ nodeId: 2 }).catch((error: unknown) => error)).toBe(refusal)
  })

  it('commits no offset of a revoked partition, however late the commit', async () => {
    const coordinator = await cluster.findGroupCoordinator({ groupId: 'linter' })
    const commit = placesOf({ runs: [0, 1, 2], lint: [0] })
    await coordinator.offsetCommit(commit)
    mine = { lint: [0] }
    await coordinator.offsetCommit(commit)
    mine = {}
    await coordinator.offsetCommit(commit)
    expect(committed).toEqual([placesOf({ runs: [0, 1] }).topics, placesOf({ lint: [0] }).topics])
  })

  it('keeps looking as the same member while no coordinator can be reached', async () => {
    isLost = true
    refusal = new KafkaJSNumberOfRetriesExceeded(refused(), { retryCount: 10, retryTime: 1_000, cause: refused() })
    const error: unknown = await cluster.findGroupCoordinator({ groupId: 'linter' }).catch((fault: unknown) => fault)
    expect(isRebalancing(error)).toBe(true)
  })

  it.each<[string, () => Error]>([
    [
      'the broker reports itself',
      () => new KafkaJSProtocolError({ type: 'UNKNOWN_MEMBER_ID', message: 'unknown', code: 25, retriable: false }),
    ],
    ['was only cut off: the next heartbeat connects again', () => new KafkaJSConnectionClosedError('closed')],
  ])('passes through unchanged what %s', async (_, fault) => {
    refusal = fault()
    expect(await heartbeat()).toBe(refusal)
  })

  it('passes all errors through unchanged before it is a member and while it closes', async () => {
    isMember = false
    refusal = refused()
    expect(await heartbeat()).toBe(refusal)
    isLost = true
    await expect(cluster.findGroupCoordinator({ groupId: 'linter' })).rejects.toBe(refusal)
  })
})
