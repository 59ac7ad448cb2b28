import { HmsError } from '#libs/contracts'

/** A partition with the ids of the brokers that hold it, its leader's preferred place first. */
interface HeldPartition {
  partitionId: number
  replicas: readonly number[]
}

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

/** Copies that are still other than wanted. Throws `HMS_TOPICS_REPLICATION`. */
export function refuseOtherCopies(others: readonly { topic: string; wanted: string; found: string }[]): void {
  if (others.length === 0) return
  const detail = others.map(({ topic, wanted, found }) => `${topic} has ${found} copies instead of ${wanted}`).join('; ')
  throw new HmsError(
    'HMS_TOPICS_REPLICATION',
    `${detail}. Start as many brokers and run \`hms-svc topics apply\`, or set HMS_KAFKA_REPLICATION to what they have.`,
    {
      status: 409,
      next: ['hms-svc topics apply'],
    },
  )
}

/** The smallest number of copies that a partition has, where one of them has another than wanted. */
export function otherCopies(replication: number, partitions: readonly Pick<HeldPartition, 'replicas'>[]): number | undefined {
  const others = partitions.map(({ replicas }) => replicas.length).filter((count) => count !== replication)
  return others.length === 0 ? undefined : Math.min(...others)
}

/**
 * Where the partitions of a topic should lie that have other copies than wanted: who holds one goes on, its leader first; the brokers with
 * the fewest copies of the topic take what is missing. `undefined` where there are not as many brokers.
 */
export function placesFor(
  replication: number,
  partitions: readonly HeldPartition[],
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
