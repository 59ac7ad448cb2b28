import { action, command, HmsError } from '#libs/contracts'

/** A partition with the broker ids of its replicas, the preferred leader first. */
interface ReplicatedPartition {
  partitionId: number
  replicas: readonly number[]
}

/** Returns `min.insync.replicas`: one replica may be down, and a confirmed record survives the loss of one more. */
export function minInSync(replication: number): number {
  return Math.max(1, replication - 1)
}

/** Throws `HMS_TOPICS_BROKERS` if there are fewer brokers than replicas; no topic is created then. */
export function requireBrokers(replication: number, brokers: number): void {
  if (brokers >= replication) return
  const detail =
    `Topics need ${replication} replicas, and the cluster has ${brokers} ` +
    `${brokers === 1 ? 'broker' : 'brokers'}. Start more brokers, or set HMS_KAFKA_REPLICATION=${brokers}.`
  throw new HmsError('HMS_TOPICS_BROKERS', detail, { status: 409, next: [action('help.environment')] })
}

/** Throws `HMS_TOPICS_REPLICATION` if topics still have another replication factor. */
export function requireReplicationFactor(differences: readonly { topic: string; wanted: string; found: string }[]): void {
  if (differences.length === 0) return
  const detail = differences.map(({ topic, wanted, found }) => `${topic} has ${found} replicas instead of ${wanted}`).join('; ')
  throw new HmsError(
    'HMS_TOPICS_REPLICATION',
    `${detail}. Start enough brokers and run \`${command('topics.apply')}\`, or set HMS_KAFKA_REPLICATION to the current number.`,
    { status: 409, next: [action('topics.apply')] },
  )
}

/** Returns the smallest replica count that differs from the wanted one; `undefined` if every partition has the wanted count. */
export function otherReplicaCount(replication: number, partitions: readonly Pick<ReplicatedPartition, 'replicas'>[]): number | undefined {
  const otherCounts = partitions.map(({ replicas }) => replicas.length).filter((count) => count !== replication)
  return otherCounts.length === 0 ? undefined : Math.min(...otherCounts)
}

/** Returns the changes: existing replicas stay, leader first; brokers with the fewest replicas are added. `undefined`: too few brokers. */
export function replicaAssignments(
  replication: number,
  partitions: readonly ReplicatedPartition[],
  brokers: readonly number[],
): { partition: number; replicas: number[] }[] | undefined {
  if (brokers.length < replication) return undefined
  const load = new Map(brokers.map((broker) => [broker, partitions.filter(({ replicas }) => replicas.includes(broker)).length]))
  return partitions
    .filter(({ replicas }) => replicas.length !== replication)
    .map(({ partitionId, replicas }) => {
      const kept = replicas.slice(0, replication)
      const others = brokers.filter((broker) => !kept.includes(broker)).toSorted((a, b) => load.get(a)! - load.get(b)! || a - b)
      const added = others.slice(0, replication - kept.length)
      for (const broker of added) load.set(broker, load.get(broker)! + 1)
      return { partition: partitionId, replicas: [...kept, ...added] }
    })
}
