import type { Cluster, PartitionAssigner } from 'kafkajs'
import kafkajs from 'kafkajs'
import { isFault } from '#libs/kafka-socket'

/** Methods of kafkajs' broker that its types omit. */
interface Coordinator {
  heartbeat(request: object): Promise<unknown>
  offsetCommit(request: CommitRequest): Promise<unknown>
}
interface CommitRequest {
  topics: { topic: string; partitions: { partition: number }[] }[]
}
interface CoordinatingCluster {
  findGroupCoordinator(by: object): Promise<Coordinator>
  findBroker(by: object): Promise<Coordinator>
}

/** Error that kafkajs treats as a moved coordinator: it finds the new one and rejoins as the same member. */
class CoordinatorMoved extends Error {
  readonly type = 'NOT_COORDINATOR_FOR_GROUP'
}

/**
 * Returns the round-robin partition assigner; its factory is kafkajs' only public access to the cluster of a consumer.
 *
 * kafkajs 2.2.4 keeps the coordinator that it found when it joined. When that broker dies permanently, each heartbeat is a refused
 * connection, which stops all fetches and discards their records: with one of three brokers dead, a third of the groups made progress only
 * by chance (`test/system/three-brokers.spec.ts`: 16 s for a run instead of 3). Therefore an unreachable coordinator counts as moved while
 * the consumer is a member; before the join and during the close, errors pass through unchanged.
 *
 * A failed commit is retried for minutes, with the generation current at the retry. The broker would accept the retry for a partition that
 * was reassigned in the meantime, whose new owner may have committed a higher offset. So each retry omits the partitions that this reader
 * no longer owns.
 */
export function followingAssigner(isMember: () => boolean, isMine: (topic: string, partition: number) => boolean): PartitionAssigner {
  return (config) => {
    follow(config.cluster as Cluster & CoordinatingCluster, isMember, isMine)
    return kafkajs.PartitionAssigners.roundRobin(config)
  }
}

function follow(cluster: CoordinatingCluster, isMember: () => boolean, isMine: (topic: string, partition: number) => boolean): void {
  const [findCoordinator, findBroker] = [cluster.findGroupCoordinator.bind(cluster), cluster.findBroker.bind(cluster)]
  const followed = new WeakSet()
  const moved = (error: unknown): never => {
    throw isMember() && isFault(error, UNREACHABLE) ? new CoordinatorMoved('the coordinator cannot be reached', { cause: error }) : error
  }
  const following = (broker: Coordinator): Coordinator => {
    const coordinator = Object.assign(Object.create(broker) as Coordinator, {
      heartbeat: (request: object) => broker.heartbeat(request).catch(moved),
      offsetCommit: async (request: CommitRequest) => {
        const topics = mineOf(request, isMine)
        return topics.length === 0 ? undefined : broker.offsetCommit({ ...request, topics }).catch(moved)
      },
    })
    followed.add(coordinator)
    return coordinator
  }
  cluster.findGroupCoordinator = (by) => findCoordinator(by).then(following, moved)
  // kafkajs commits after a failed heartbeat. Its offset manager then passes the disconnected coordinator to `findBroker`.
  cluster.findBroker = (by) => (followed.has(by) ? findBroker(by).then(following, moved) : findBroker(by))
}

function mineOf({ topics }: CommitRequest, isMine: (topic: string, partition: number) => boolean): CommitRequest['topics'] {
  return topics.flatMap(({ topic, partitions }) => {
    const mine = partitions.filter(({ partition }) => isMine(topic, partition))
    return mine.length === 0 ? [] : [{ topic, partitions: mine }]
  })
}

const UNREACHABLE = /^KafkaJS(ConnectionError|RequestTimeoutError|BrokerNotFound|GroupCoordinatorNotFound)$/
