import { describeError, pause, type Clock, type Logger } from '#libs/platform'
import type { Consumer, Kafka } from 'kafkajs'
import type { BusRecord, Subscription } from '../event-bus.js'
import { followingAssigner } from './followed-coordinator.js'
import type { GroupPlace } from './group-places.js'
import type { RecordInHand } from './kafka-lag.js'
import { recordOfMessage } from './kafka-record.js'
import { PlaceCommits } from './place-commits.js'
import { StallDetector } from './stall-detector.js'

const AGAIN_MS = 500
/** So often in a row a consumer may be given up without having joined its group: after that it is no passing fault. */
const GIVEN_UP_LIMIT = 5
const LEAVE_MS = 5_000
/** So long a reader that leaves waits until the broker knows how far it read; others read what it does not know once more. */
const COMMIT_PATIENCE_MS = 1_000

export interface ReaderHost {
  heard(): void
  unreachable(error: unknown): void
  /** A record is being handled, until what this answers is called. */
  took(record: RecordInHand): () => void
  /** Where the group is, and where these topics end. Rejects while the broker does not answer. */
  places(group: string, topics: readonly string[]): Promise<readonly GroupPlace[]>
  /** A consumer that said nothing and read nothing was replaced. */
  renewed(group: string): void
  /** It cannot be read: the process must end, or it would stay silent for ever. */
  fatal(error: Error): void
}

/** Reads one subscription until closed. A kafkajs consumer that gave up or fell silent is replaced by a new one. */
export class KafkaReader {
  private consumer: Consumer | undefined
  private commits: PlaceCommits | undefined
  private closed = false
  private readonly stallDetector: StallDetector
  /** `undefined` until it has joined its group. */
  private assigned: Record<string, number[]> | undefined
  private inFlight = 0
  private givenUp = 0

  constructor(
    private readonly kafka: Kafka,
    private readonly subscription: Subscription,
    private readonly host: ReaderHost,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.stallDetector = new StallDetector(() => this.waiting(), clock)
  }

  async run(): Promise<void> {
    while (!this.closed) {
      await this.readOnce()
      if (!this.closed) await pause(this.clock, AGAIN_MS)
    }
  }

  async close(): Promise<void> {
    this.closed = true
    this.stallDetector.stop()
    if (this.commits !== undefined) await Promise.race([this.commits.close(), pause(this.clock, COMMIT_PATIENCE_MS)])
    await this.consumer?.disconnect()
  }

  /** Resolves when this consumer will not read any more. Starting fails while the broker or the topics are not there yet. */
  private async readOnce(): Promise<void> {
    let over = (): void => {}
    const ended = new Promise<void>((resolve) => (over = resolve))
    const consumer = this.createConsumer(over)
    const commits = this.commitsOf(consumer)
    this.consumer = consumer
    this.commits = commits
    this.assigned = undefined
    // From its first step on: a start that hangs is as silent as a reader that does.
    this.stallDetector.watch(() => {
      this.log.warn({ group: this.subscription.group }, 'a Kafka consumer reads nothing although records wait; it is replaced')
      this.host.renewed(this.subscription.group)
      over()
    })
    try {
      await Promise.race([this.start(consumer, commits), ended])
      // Closed while it started: nobody else knows of it.
      if (!this.closed) await ended
    } catch (error) {
      this.host.unreachable(error)
    }
    this.stallDetector.stop()
    void commits.close()
    // One that hangs is left behind: what it may still read and a second one reads too is harmless by the positions.
    await Promise.race([consumer.disconnect().catch(() => {}), pause(this.clock, LEAVE_MS)])
  }

  private async start(consumer: Consumer, commits: PlaceCommits): Promise<void> {
    const { group, topics } = this.subscription
    await consumer.connect()
    await consumer.subscribe({ topics: topics.map((topic) => topic.name), fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 4,
      eachMessage: async ({ topic, partition, message }) => {
        const record = recordOfMessage(topic, partition, message)
        const handled = this.host.took({ group, topic, atMs: Number(message.timestamp), run: runOf(record) })
        this.inFlight++
        try {
          await this.subscription.handle(record)
          commits.handled(topic, partition, message.offset)
        } finally {
          handled()
          this.inFlight--
          this.stallDetector.moved()
        }
      },
    })
    if (this.consumer !== consumer) await consumer.disconnect()
  }

  private createConsumer(over: () => void): Consumer {
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
          (topic, partition) => this.consumer !== consumer || this.isMine(topic, partition),
        ),
      ],
      // Coordinators load, brokers restart: giving up takes a new consumer.
      retry: { retries: 1_000, initialRetryTime: 100, maxRetryTime: 1_000 },
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (this.closed || payload.restart) return
      this.host.unreachable(payload.error)
      this.log.warn({ group: this.subscription.group, error: describeError(payload.error) }, 'kafkajs gave a consumer up')
      if (++this.givenUp >= GIVEN_UP_LIMIT) this.host.fatal(payload.error)
      over()
    })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      // One that was replaced, and hung, may go on at any later time.
      if (this.consumer !== consumer) return
      this.assigned = payload.memberAssignment
      this.givenUp = 0
      this.host.heard()
    })
    consumer.on(consumer.events.HEARTBEAT, () => this.host.heard())
    return consumer
  }

  private commitsOf(consumer: Consumer): PlaceCommits {
    const commits = new PlaceCommits(
      (places) => consumer.commitOffsets(places),
      this.clock,
      (error) => this.log.debug({ group: this.subscription.group, error: describeError(error) }, 'the broker was not told how far we are'),
    )
    commits.start()
    // Still a member of the generation that handled them.
    consumer.on(consumer.events.REBALANCING, () => commits.flush())
    consumer.on(consumer.events.GROUP_JOIN, () => commits.forget())
    // An aborted transaction, or its marker: nothing of it is handed over, and it is read all the same.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { batchSize, topic, partition, lastOffset } }) => {
      if (batchSize === 0) commits.handled(topic, partition, lastOffset)
    })
    return commits
  }

  /** Records that are this reader's to take, or may be, and that it does not take; `undefined` while it is at work. */
  private async waiting(): Promise<readonly GroupPlace[] | undefined> {
    if (this.inFlight > 0) return undefined
    const { group, topics } = this.subscription
    const places = await this.host.places(
      group,
      topics.map(({ name }) => name),
    )
    return places.filter(({ topic, partition, at, end }) => at < end && this.isMine(topic, partition))
  }

  /** Until it has joined, whatever its group reads may be. */
  private isMine(topic: string, partition: number): boolean {
    return this.assigned === undefined || this.assigned[topic]?.includes(partition) === true
  }
}

/** As the record says, which is not verified yet: for people who look why a reader stands still. */
function runOf({ headers }: BusRecord): number | null {
  const run = headers['ce_runid']
  return run !== undefined && /^\d{1,9}$/.test(run) ? Number(run) : null
}
