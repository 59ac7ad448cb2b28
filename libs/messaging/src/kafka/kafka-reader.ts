import { isLoginRefused } from '#libs/kafka-socket'
import { describeError, pause, type Clock, type Logger } from '#libs/platform'
import type { Consumer, Kafka } from 'kafkajs'
import { runInHeaders, type Subscription } from '../event-bus.js'
import { brokerError } from './kafka-admin.js'
import { followingAssigner } from './followed-coordinator.js'
import type { GroupPosition, RecordInFlight } from './kafka-lag.js'
import { recordOfMessage } from './kafka-record.js'
import { OffsetCommitter } from './offset-committer.js'
import { StallDetector } from './stall-detector.js'

const RETRY_MS = 500
/** Consecutive crashes without joining the group that count as a permanent fault. */
const MAX_CRASHES = 5
const DISCONNECT_TIMEOUT_MS = 5_000
/** Time that a closing reader waits for its last commit; the next owner re-reads uncommitted records. */
const COMMIT_TIMEOUT_MS = 1_000

export interface ReaderHost {
  contacted(): void
  unreachable(error: unknown): void
  /** Registers a record being handled; the returned function unregisters it. */
  started(record: RecordInFlight): () => void
  /** Returns the group's offsets and the ends of these topics. Rejects while the broker does not respond. */
  positions(group: string, topics: readonly string[]): Promise<readonly GroupPosition[]>
  /** Called when an unresponsive consumer was replaced. */
  replaced(group: string): void
  /** Called when the group cannot be read permanently: the process must exit, otherwise the group would stay unread. */
  fatal(error: Error): void
}

/** Reads one subscription until closed. Replaces a kafkajs consumer that crashed or stopped reading. */
export class KafkaReader {
  private consumer: Consumer | undefined
  private committer: OffsetCommitter | undefined
  private closed = false
  private readonly stallDetector = new StallDetector(() => this.unreadPartitions(), this.clock)
  /** Assigned partitions by topic; `undefined` until the consumer has joined its group. */
  private assigned: Record<string, number[]> | undefined
  private inFlight = 0
  private crashes = 0

  constructor(
    private readonly kafka: Kafka,
    private readonly subscription: Subscription,
    private readonly host: ReaderHost,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  async run(): Promise<void> {
    while (!this.closed) {
      await this.readOnce()
      if (!this.closed) await pause(this.clock, RETRY_MS)
    }
  }

  async close(): Promise<void> {
    this.closed = true
    this.stallDetector.stop()
    if (this.committer !== undefined) await Promise.race([this.committer.close(), pause(this.clock, COMMIT_TIMEOUT_MS)])
    await this.disconnect(this.consumer)
  }

  /** Runs one consumer; resolves when it has stopped reading. Starting fails while the broker or the topics are not available. */
  private async readOnce(): Promise<void> {
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => (end = resolve))
    const consumer = this.createConsumer(end)
    const committer = this.createCommitter(consumer)
    this.consumer = consumer
    this.committer = committer
    this.assigned = undefined
    // The watch begins before the start, because a start can hang too.
    this.stallDetector.watch(() => {
      this.log.warn({ group: this.subscription.group }, 'a Kafka consumer makes no progress although records are waiting; it is replaced')
      this.host.replaced(this.subscription.group)
      end()
    })
    try {
      await Promise.race([this.start(consumer, committer), ended])
      // If the reader was closed while starting, no crash event ends the wait.
      if (!this.closed) await ended
    } catch (error) {
      this.host.unreachable(error)
      // The environment of this process does not change: it ends, and is restarted with a renewed password.
      if (!this.closed && isLoginRefused(error)) this.host.fatal(brokerError(error))
    }
    this.stallDetector.stop()
    void committer.close()
    await this.disconnect(consumer)
  }

  /** Disconnects a consumer, and abandons one that hangs: records that its successor reads again are dropped by position. */
  private async disconnect(consumer: Consumer | undefined): Promise<void> {
    await Promise.race([consumer?.disconnect().catch(() => {}), pause(this.clock, DISCONNECT_TIMEOUT_MS)]) // guard: abandoned-consumer
  }

  private async start(consumer: Consumer, committer: OffsetCommitter): Promise<void> {
    const { group, topics } = this.subscription
    await consumer.connect()
    await consumer.subscribe({ topics: topics.map((topic) => topic.name), fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 4,
      eachMessage: async ({ topic, partition, message }) => {
        const record = recordOfMessage(topic, partition, message)
        // The run number is only displayed, to show why a reader is blocked.
        const ended = this.host.started({ group, topic, atMs: Number(message.timestamp), run: runInHeaders(record) })
        this.inFlight++
        try {
          await this.subscription.handle(record)
          committer.handled(topic, partition, message.offset)
        } finally {
          ended()
          this.inFlight--
          this.stallDetector.recordHandled()
        }
      },
    })
    if (this.consumer !== consumer) await consumer.disconnect()
  }

  private createConsumer(end: () => void): Consumer {
    const consumer: Consumer = this.kafka.consumer({
      groupId: this.subscription.group,
      sessionTimeout: 10_000,
      heartbeatInterval: 1_000,
      rebalanceTimeout: 15_000,
      maxWaitTimeInMs: 1_000,
      allowAutoTopicCreation: false,
      partitionAssigners: [
        followingAssigner(
          () => this.consumer === consumer && this.assigned !== undefined && !this.closed,
          (topic, partition) => this.consumer !== consumer || this.mayBeAssigned(topic, partition),
        ),
      ],
      // A coordinator that loads or a broker that restarts is transient; after a crash the whole consumer is replaced.
      retry: { retries: 1_000, initialRetryTime: 100, maxRetryTime: 1_000 },
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (this.closed || payload.restart) return
      this.host.unreachable(payload.error)
      this.log.warn(
        { group: this.subscription.group, error: describeError(payload.error) },
        'a Kafka consumer crashed and does not restart; it is replaced',
      )
      if (++this.crashes >= MAX_CRASHES) this.host.fatal(payload.error)
      end()
    })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      // A consumer that hung and was replaced may resume and join at any time.
      if (this.consumer !== consumer) return
      this.assigned = payload.memberAssignment
      this.crashes = 0
      this.host.contacted()
    })
    consumer.on(consumer.events.HEARTBEAT, () => this.host.contacted())
    return consumer
  }

  private createCommitter(consumer: Consumer): OffsetCommitter {
    const committer = new OffsetCommitter(
      (offsets) => consumer.commitOffsets(offsets),
      this.clock,
      (error) => this.log.debug({ group: this.subscription.group, error: describeError(error) }, 'offsets could not be committed'),
    )
    committer.start()
    // At this event the consumer is still a member of the generation that handled the records, so the broker accepts the commit.
    consumer.on(consumer.events.REBALANCING, () => committer.flush())
    consumer.on(consumer.events.GROUP_JOIN, () => committer.discardPending())
    // An aborted transaction or its marker yields no record, but its offset must be committed too.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { batchSize, topic, partition, lastOffset } }) => {
      if (batchSize === 0) committer.handled(topic, partition, lastOffset)
    })
    return committer
  }

  /** Returns the offsets of partitions with unread records that may be assigned to this reader; `undefined` while handling a record. */
  private async unreadPartitions(): Promise<readonly GroupPosition[] | undefined> {
    if (this.inFlight > 0) return undefined
    const { group, topics } = this.subscription
    const positions = await this.host.positions(
      group,
      topics.map(({ name }) => name),
    )
    return positions.filter(({ topic, partition, at, end }) => at < end && this.mayBeAssigned(topic, partition))
  }

  /** Until the consumer has joined, any partition of its group may be assigned to it. */
  private mayBeAssigned(topic: string, partition: number): boolean {
    return this.assigned === undefined || this.assigned[topic]?.includes(partition) === true
  }
}
