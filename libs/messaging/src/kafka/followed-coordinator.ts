import { createRequire } from 'node:module'
import type { Cluster, PartitionAssigner, PartitionAssigners as PartitionAssignersType } from 'kafkajs'
import { isFault } from '#libs/kafka-socket'

const { PartitionAssigners } = createRequire(import.meta.url)('kafkajs') as { PartitionAssigners: typeof PartitionAssignersType }

/** What kafkajs' broker can do and its types do not say. */
interface Coordinator {
  heartbeat(request: object): Promise<unknown>
  offsetCommit(request: object): Promise<unknown>
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
 */
export function followingAssigner(isMember: () => boolean): PartitionAssigner {
  return (config) => {
    follow(config.cluster as Cluster & CoordinatingCluster, isMember)
    return PartitionAssigners.roundRobin(config)
  }
}

function follow(cluster: CoordinatingCluster, isMember: () => boolean): void {
  const [findCoordinator, findBroker] = [cluster.findGroupCoordinator.bind(cluster), cluster.findBroker.bind(cluster)]
  const followed = new WeakSet()
  const moved = (error: unknown): never => {
    throw isMember() && isUnreachable(error) ? new CoordinatorMoved('the coordinator cannot be reached', { cause: error }) : error
  }
  /** All but these two stays the broker's own. */
  const following = (broker: Coordinator): Coordinator => {
    const coordinator = Object.assign(Object.create(broker) as Coordinator, {
      heartbeat: (request: object) => broker.heartbeat(request).catch(moved),
      offsetCommit: (request: object) => broker.offsetCommit(request).catch(moved),
    })
    followed.add(coordinator)
    return coordinator
  }
  cluster.findGroupCoordinator = (by) => findCoordinator(by).then(following, moved)
  // A commit looks for its coordinator again by what it has, when the connection is gone; a heartbeat that fails is followed by a commit.
  cluster.findBroker = (by) => (followed.has(by) ? findBroker(by).then(following, moved) : findBroker(by))
}

const UNREACHABLE = ['KafkaJSConnectionError', 'KafkaJSRequestTimeoutError', 'KafkaJSBrokerNotFound', 'KafkaJSGroupCoordinatorNotFound']

function isUnreachable(error: unknown): boolean {
  return UNREACHABLE.some((name) => isFault(error, name))
}
