import type { Cluster, Consumer, KafkaConfig, PartitionAssigner } from 'kafkajs'
import { framedSocket } from '#libs/kafka-socket'
import { brokerError, isFault } from './broker-error.js'
import { loadKafkajs } from './load-kafkajs.js'
import type { RecordBatch, RecordSource, TopicPlace, TopicRecord } from './record-source.js'

/** Above the largest record, so that one always fits. */
const MAX_FETCH_BYTES = 8 * 1024 * 1024
/** What was aborted is read too: a transaction that somebody leaves open must not hold up readers, and each document proves itself. */
const READ_UNCOMMITTED = 0

/** What kafkajs' cluster and brokers can do and its types do not say. */
interface ReadingCluster {
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
  messages: { offset: string; key: Buffer | null; value: Buffer | null; isControlRecord?: boolean }[]
}

/**
 * Apache Kafka read like a file: Fetch requests to the leader, without a consumer group. A reader of a whole partition has nothing to
 * share or to commit, and so needs no right on a group, costs no coordinator, and nobody can take its partition away by joining. kafkajs
 * gives its cluster to nobody but the factory of a partition assigner; the consumer that is made for it never joins.
 */
export class KafkaSource implements RecordSource {
  readonly name: string
  private readonly door: Consumer
  private cluster!: ReadingCluster
  /** A leader may have moved. */
  private outdated = false
  private closed = false

  constructor(config: KafkaConfig & { brokers: string[] }) {
    this.name = `Kafka at ${config.brokers.join(', ')}`
    const kafkajs = loadKafkajs()
    const kafka = new kafkajs.Kafka({
      connectionTimeout: 3_000,
      authenticationTimeout: 5_000,
      requestTimeout: 15_000,
      socketFactory: framedSocket,
      // Anyone who reads tries again for ever, and says so meanwhile: here it is enough to get over a broker that restarts.
      retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 3 },
      logLevel: kafkajs.logLevel.NOTHING,
      ...config,
    })
    const opened: PartitionAssigner = (assigner) => {
      this.cluster = assigner.cluster as Cluster as unknown as ReadingCluster
      return kafkajs.PartitionAssigners.roundRobin(assigner)
    }
    this.door = kafka.consumer({
      groupId: 'hms-svc-follower',
      partitionAssigners: [opened],
      allowAutoTopicCreation: false,
      retry: { retries: 3, maxRetryTime: 500 },
    })
  }

  async read(topic: string, place: TopicPlace, waitMs: number): Promise<RecordBatch> {
    try {
      await this.cluster.connect()
      await this.cluster.addTargetTopic(topic)
      await (this.outdated ? this.cluster.refreshMetadata() : this.cluster.refreshMetadataIfNecessary())
      this.outdated = false
      const from = place === 'beginning' ? await this.oldest(topic) : place
      return batchOf(await this.fetch(topic, from, waitMs), from)
    } catch (error) {
      if (isFault(error, 'OFFSET_OUT_OF_RANGE')) return { records: [], next: 'beginning', end: false }
      this.outdated = true
      throw brokerError(error, this.name, topic)
    } finally {
      // It may have connected again while it was closed.
      if (this.closed) await this.close()
    }
  }

  async close(): Promise<void> {
    this.closed = true
    await this.door.disconnect().catch(() => {})
  }

  private async oldest(topic: string): Promise<bigint> {
    const [found] = await this.cluster.fetchTopicsOffset([{ topic, partitions: [{ partition: 0 }], fromBeginning: true }])
    return BigInt(found?.partitions[0]?.offset ?? 0)
  }

  /** `undefined` when the broker answers without the partition, as one does that slows this reader down. */
  private async fetch(topic: string, from: bigint, maxWaitTime: number): Promise<FetchedPartition | undefined> {
    const [nodeId] = Object.keys(this.cluster.findLeaderForPartitions(topic, [0]))
    const broker = await this.cluster.findBroker({ nodeId: nodeId ?? '' })
    const { responses } = await broker.fetch({
      maxWaitTime,
      minBytes: 1,
      maxBytes: MAX_FETCH_BYTES,
      isolationLevel: READ_UNCOMMITTED,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: String(from), maxBytes: MAX_FETCH_BYTES }] }],
    })
    return responses[0]?.partitions[0]
  }
}

/** A broker answers with whole batches: what lies before the place asked for comes along, and compaction leaves gaps. */
function batchOf(fetched: FetchedPartition | undefined, from: bigint): RecordBatch {
  if (fetched === undefined) return { records: [], next: from, end: false }
  const last = fetched.messages.at(-1)
  const behind = last === undefined ? from : BigInt(last.offset) + 1n
  // Of a batch whose last records were compacted away nothing may be left behind the place.
  const next = behind > from ? behind : last === undefined ? from : from + 1n
  const records: TopicRecord[] = fetched.messages.filter(
    ({ offset, isControlRecord }) => BigInt(offset) >= from && isControlRecord !== true,
  )
  return { records: records.map(({ key, value }) => ({ key, value })), next, end: next >= BigInt(fetched.highWatermark) }
}
