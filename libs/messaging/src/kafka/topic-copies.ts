import { HmsError } from '#libs/contracts'

/**
 * How many brokers must have a record before its producer hears so: one copy may be away, and nothing that was confirmed is lost with one
 * more.
 */
export function inSyncOf(replication: number): number {
  return Math.max(1, replication - 1)
}

/** Topics with copies that the cluster cannot hold are not made at all. Throws `HMS_TOPICS_BROKERS`. */
export function requireBrokers(replication: number, brokers: number): void {
  if (brokers >= replication) return
  const detail =
    `Topics are to have ${replication} copies, and the cluster has ${brokers} ` +
    `${brokers === 1 ? 'broker' : 'brokers'}. Start more of them, or set HMS_KAFKA_REPLICATION=${brokers}.`
  throw new HmsError('HMS_TOPICS_BROKERS', detail, { status: 409, next: ['hms-svc help environment'] })
}

/** Copies are moved by Kafka's own tools: it takes as long as the records are many. Throws `HMS_TOPICS_REPLICATION`. */
export function refuseOtherCopies(others: readonly { topic: string; wanted: string; found: string }[]): void {
  if (others.length === 0) return
  const detail = others.map(({ topic, wanted, found }) => `${topic} has ${found} copies instead of ${wanted}`).join('; ')
  throw new HmsError(
    'HMS_TOPICS_REPLICATION',
    `${detail}. Reassign their partitions (kafka-reassign-partitions.sh), or set HMS_KAFKA_REPLICATION to what they have.`,
    {
      status: 409,
      next: ['hms-svc topics diff'],
    },
  )
}

/** The smallest number of copies that a partition has, where one of them has another than wanted. */
export function otherCopies(replication: number, partitions: readonly { replicas: readonly number[] }[]): number | undefined {
  const others = partitions.map(({ replicas }) => replicas.length).filter((count) => count !== replication)
  return others.length === 0 ? undefined : Math.min(...others)
}
