/** Limit of a fetch in bytes, above the largest record, so that one record always fits. */
const MAX_FETCH_BYTES = 8 * 1024 * 1024
/** Also returns records of open and aborted transactions: an open one must not block readers, and each document is verified anyway. */
const READ_UNCOMMITTED = 0

/** Methods of kafkajs' internal cluster, which its published types omit. */
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

/** Record as decoded by kafkajs. */
interface FetchedMessage {
  offset: string
  key: Buffer | null
  value: Buffer | null
  headers?: Record<string, Buffer>
  isControlRecord?: boolean
}

/** Offset of the next record to read. */
export type ReadPosition = bigint | 'beginning'

export interface FetchedPart<R = FetchedMessage> {
  records: readonly R[]
  /** Offset to read from next; `beginning` if the requested offset is out of range, as after the topic was recreated. */
  next: ReadPosition
  /** Whether these records reach the end of the log. */
  end: boolean
}

/**
 * Reads a partition of Apache Kafka like a file: Fetch requests to the leader, without a consumer group, because it shares and commits
 * nothing. So it needs no permission on a group, causes no work for a coordinator, and loses its partition to no other member.
 */
export class PartitionReader {
  /** Whether the last read failed, so that the metadata is refreshed: the leader may have moved. */
  private outdated = false

  /** `cluster`: called at each read, because kafkajs exposes its cluster only to the factory of a partition assigner. */
  constructor(private readonly cluster: () => ReadingCluster) {}

  /** Reads the records of one response from offset `place` on. Waits up to `waitMs` for a first record. Rejects with kafkajs' errors. */
  async read(topic: string, place: ReadPosition, waitMs: number, partition = 0): Promise<FetchedPart> {
    const cluster = this.cluster()
    try {
      await cluster.connect()
      await cluster.addTargetTopic(topic)
      await (this.outdated ? cluster.refreshMetadata() : cluster.refreshMetadataIfNecessary())
      this.outdated = false
      const from = place === 'beginning' ? await oldest(cluster, topic, partition) : place
      return partOf(await fetchFrom(cluster, { topic, partition }, from, waitMs), from)
    } catch (error) {
      if (isFault(error, /^OFFSET_OUT_OF_RANGE$/)) return { records: [], next: 'beginning', end: false }
      this.outdated = true
      throw error
    }
  }
}

async function oldest(cluster: ReadingCluster, topic: string, partition: number): Promise<bigint> {
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning: true }])
  return BigInt(found?.partitions[0]?.offset ?? 0)
}

/** Fetches from the leader. Returns `undefined` if the response omits the partition, as when the broker throttles this reader. */
async function fetchFrom(
  cluster: ReadingCluster,
  { topic, partition }: { topic: string; partition: number },
  from: bigint,
  maxWaitTime: number,
): Promise<FetchedPartition | undefined> {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]))
  const broker = await cluster.findBroker({ nodeId: nodeId ?? '' })
  const { responses } = await broker.fetch({
    maxWaitTime,
    minBytes: 1,
    maxBytes: MAX_FETCH_BYTES,
    isolationLevel: READ_UNCOMMITTED,
    topics: [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes: MAX_FETCH_BYTES }] }],
  })
  return responses[0]?.partitions[0]
}

/** Returns the records from offset `from` on. A broker returns full batches, which may begin before `from`; compaction leaves gaps. */
function partOf(fetched: FetchedPartition | undefined, from: bigint): FetchedPart {
  if (fetched === undefined) return { records: [], next: from, end: false }
  const last = fetched.messages.at(-1)
  const afterLast = last === undefined ? from : BigInt(last.offset) + 1n
  // If compaction removed the last records of a batch, all fetched records may be before `from`; the offset must advance all the same.
  const next = afterLast > from ? afterLast : last === undefined ? from : from + 1n
  const records = fetched.messages.filter(({ offset, isControlRecord }) => BigInt(offset) >= from && isControlRecord !== true)
  return { records, next, end: next >= BigInt(fetched.highWatermark) }
}

/** Whether the broker refused the login, or refused the client's certificate with a TLS alert. */
export function isLoginRefused(error: unknown): boolean {
  return isFault(error, /^(KafkaJSSASLAuthenticationError|UNSUPPORTED_SASL_MECHANISM|ERR_SSL_\w+_ALERT_\w+)$/)
}

/** Whether an error or one of its causes has this name, code or Kafka error type; kafkajs wraps the broker's errors. */
export function isFault(error: unknown, named: RegExp): boolean {
  for (let fault: unknown = error, depth = 0; typeof fault === 'object' && fault !== null && depth < 10; depth++) {
    const { name, type, code, cause, errors } = fault as Record<'name' | 'type' | 'code' | 'cause' | 'errors', unknown>
    if ([name, type, code].some((each) => typeof each === 'string' && named.test(each))) return true
    fault = cause ?? (Array.isArray(errors) ? errors[0] : undefined)
  }
  return false
}
