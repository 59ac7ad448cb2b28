import { isFault } from './is-fault.js'

/** Above the largest record, so that one always fits. */
const MAX_FETCH_BYTES = 8 * 1024 * 1024
/** What was aborted is read too: a transaction that somebody leaves open must not hold up readers, and each document proves itself. */
const READ_UNCOMMITTED = 0

/** What kafkajs' cluster and brokers can do and its types do not say. */
export interface ReadingCluster {
  connect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>
  findBroker(by: { nodeId: string }): Promise<FetchingBroker>
  fetchTopicsOffset(
    topics: { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
  ): Promise<{ partitions: { offset: string }[] }[]>
}
interface FetchingBroker {
  fetch(request: {
    maxWaitTime: number
    minBytes: number
    maxBytes: number
    isolationLevel: number
    topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[]
  }): Promise<{ responses: { partitions: FetchedPartition[] }[] }>
}
interface FetchedPartition {
  highWatermark: string
  messages: FetchedMessage[]
}

/** A record as kafkajs decodes it. */
interface FetchedMessage {
  offset: string
  key: Buffer | null
  value: Buffer | null
  headers?: Record<string, Buffer>
  isControlRecord?: boolean
}

interface FetchedPart {
  messages: FetchedMessage[]
  /** Offset of the next record; `beginning` when the log does not go as far as it did: it began anew. */
  next: bigint | 'beginning'
  /** Nothing lies behind these records now. */
  end: boolean
}

/**
 * The first partition of a topic of Apache Kafka, read like a file: Fetch requests to the leader, without a consumer group. A reader of a
 * whole partition has nothing to share or to commit, and so needs no right on a group, costs no coordinator, and nobody can take its
 * partition away by joining.
 */
export class PartitionReader {
  /** A leader may have moved. */
  private outdated = false

  /** kafkajs gives its cluster to nobody but the factory of a partition assigner. */
  constructor(private readonly cluster: () => ReadingCluster) {}

  /** What lies from `place` on, as much as one answer holds; waits up to `waitMs` for a first record. Rejects with what kafkajs throws. */
  async read(topic: string, place: bigint | 'beginning', waitMs: number): Promise<FetchedPart> {
    const cluster = this.cluster()
    try {
      await cluster.connect()
      await cluster.addTargetTopic(topic)
      await (this.outdated ? cluster.refreshMetadata() : cluster.refreshMetadataIfNecessary())
      this.outdated = false
      const from = place === 'beginning' ? await oldest(cluster, topic) : place
      return partOf(await fetchFrom(cluster, topic, from, waitMs), from)
    } catch (error) {
      if (isFault(error, 'OFFSET_OUT_OF_RANGE')) return { messages: [], next: 'beginning', end: false }
      this.outdated = true
      throw error
    }
  }
}

async function oldest(cluster: ReadingCluster, topic: string): Promise<bigint> {
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition: 0 }], fromBeginning: true }])
  return BigInt(found?.partitions[0]?.offset ?? 0)
}

/** `undefined` when the broker answers without the partition, as one does that slows this reader down. */
async function fetchFrom(cluster: ReadingCluster, topic: string, from: bigint, maxWaitTime: number): Promise<FetchedPartition | undefined> {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [0]))
  const broker = await cluster.findBroker({ nodeId: nodeId ?? '' })
  const { responses } = await broker.fetch({
    maxWaitTime,
    minBytes: 1,
    maxBytes: MAX_FETCH_BYTES,
    isolationLevel: READ_UNCOMMITTED,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset: String(from), maxBytes: MAX_FETCH_BYTES }] }],
  })
  return responses[0]?.partitions[0]
}

/** A broker answers with whole batches: what lies before the place asked for comes along, and compaction leaves gaps. */
function partOf(fetched: FetchedPartition | undefined, from: bigint): FetchedPart {
  if (fetched === undefined) return { messages: [], next: from, end: false }
  const last = fetched.messages.at(-1)
  const behind = last === undefined ? from : BigInt(last.offset) + 1n
  // Of a batch whose last records were compacted away nothing may be left behind the place.
  const next = behind > from ? behind : last === undefined ? from : from + 1n
  const messages = fetched.messages.filter(({ offset, isControlRecord }) => BigInt(offset) >= from && isControlRecord !== true)
  return { messages, next, end: next >= BigInt(fetched.highWatermark) }
}
