import { createRequire } from 'node:module'
import type { Cluster, PartitionAssigner, PartitionAssigners as PartitionAssignersType } from 'kafkajs'
import { isFault } from '#libs/kafka-socket'

const { PartitionAssigners } = createRequire(import.meta.url)('kafkajs') as { PartitionAssigners: typeof PartitionAssignersType }

/** What kafkajs' broker can do and its types do not say. */
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

/** As kafkajs reads a broker that is the coordinator no more: it looks for the new one, and joins again as the same member. */
class CoordinatorMoved extends Error {
  readonly type = 'NOT_COORDINATOR_FOR_GROUP'
}

/**
 * The usual assigner of partitions; its factory is kafkajs' only public door to the cluster of a consumer.
 *
 * kafkajs 2.2.4 keeps the coordinator that it found when it joined. When that broker dies for good, each heartbeat is a refused connection,
 * which stops all fetches and throws their records away: with one of three brokers dead a third of the groups took their records by luck
 * (`test/system/three-brokers.spec.ts`: 16 s for a run instead of 3). So what cannot be reached counts as moved while the consumer is a
 * member; until then, and when it closes, errors go their usual way.
 *
 * A commit that failed is tried on for minutes, and goes out with the generation of then: the broker would take it for a partition that is
 * another's by now, and that one may have told more. So each try leaves out what is not this reader's.
 */
export function followingAssigner(isMember: () => boolean, isMine: (topic: string, partition: number) => boolean): PartitionAssigner {
  return (config) => {
    follow(config.cluster as Cluster & CoordinatingCluster, isMember, isMine)
    return PartitionAssigners.roundRobin(config)
  }
}

function follow(cluster: CoordinatingCluster, isMember: () => boolean, isMine: (topic: string, partition: number) => boolean): void {
  const [findCoordinator, findBroker] = [cluster.findGroupCoordinator.bind(cluster), cluster.findBroker.bind(cluster)]
  const followed = new WeakSet()
  const moved = (error: unknown): never => {
    throw isMember() && isUnreachable(error) ? new CoordinatorMoved('the coordinator cannot be reached', { cause: error }) : error
  }
  /** All but these two stays the broker's own. */
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
  // A commit looks for its coordinator again by what it has, when the connection is gone; a heartbeat that fails is followed by a commit.
  cluster.findBroker = (by) => (followed.has(by) ? findBroker(by).then(following, moved) : findBroker(by))
}

function mineOf({ topics }: CommitRequest, isMine: (topic: string, partition: number) => boolean): CommitRequest['topics'] {
  return topics.flatMap(({ topic, partitions }) => {
    const mine = partitions.filter(({ partition }) => isMine(topic, partition))
    return mine.length === 0 ? [] : [{ topic, partitions: mine }]
  })
}

const UNREACHABLE = ['KafkaJSConnectionError', 'KafkaJSRequestTimeoutError', 'KafkaJSBrokerNotFound', 'KafkaJSGroupCoordinatorNotFound']

function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.some((name) => isFault(error, name))
}
