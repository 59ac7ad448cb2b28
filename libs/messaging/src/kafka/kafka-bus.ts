import { HEARTBEAT_KEY, partitionsOf, SERVICES, type OutgoingEvent, type ServiceLag, type ServiceName } from '#libs/contracts'
import { describeError, type Clock, type Logger } from '#libs/platform'
import type { Admin, Kafka, Producer } from 'kafkajs'
import { headersOf, heartbeatHeaders } from '../cloud-event.js'
import type { BusRecord, EventBus, LogPart, ReadPosition, LostPosition, LogPosition, Subscription, TopicRate } from '../event-bus.js'
import { GroupCoordinators, GroupMemberEviction } from './group-member-eviction.js'
import { readGroupPositions, LagClock, readLag, TopicRates } from './kafka-lag.js'
import { KafkaLog } from './kafka-log.js'
import { KafkaReader, type ReaderHost } from './kafka-reader.js'
import { partitionBatches, type PartitionBatch } from './partition-batches.js'
import { ConnectOnce } from './kafka-connection.js'

const SEND_TIMEOUT_MS = 10_000
/** Without contact for this long the bus is degraded. Readers have contact every second; kafkajs does not report a silent broker. */
const SILENCE_MS = 5_000

export interface KafkaBusOptions {
  /** Called when retries will not make a group readable: the process must exit, otherwise the group would stay unread. */
  onFatal(error: Error): void
  /** Called when an unresponsive consumer was replaced. */
  onConsumerReplaced?(group: string): void
  /** Instance of this process, part of its client id; if absent, only the broker removes dead members. */
  instance?: string
}

/** Apache Kafka adapter of the bus, built on kafkajs. */
export class KafkaBus implements EventBus {
  private readonly producer = new ConnectOnce(() => this.connectProducer())
  private readonly admin = new ConnectOnce(() => this.connectAdmin())
  private connected: Producer | undefined
  private readonly readers: KafkaReader[] = []
  private coordinators: GroupCoordinators | undefined
  private topicLog: KafkaLog | undefined
  private readonly evictions: GroupMemberEviction[] = []
  private readonly topicRates = new TopicRates()
  private readonly lagClock = new LagClock(() => this.clock.now().getTime())
  private closed = false
  private resolveClosed: () => void = () => {}
  private readonly whenClosed = new Promise<void>((resolve) => (this.resolveClosed = resolve))
  private reachable = true
  private subscribed = false
  private lastContactMs = 0

  constructor(
    private readonly kafka: Kafka,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly options: KafkaBusOptions,
  ) {}

  async publish(events: readonly OutgoingEvent[]): Promise<ReadonlyMap<string, LogPosition>> {
    const written = new Map<string, LogPosition>()
    // kafkajs blocks up to 8 s on a dead broker; closing does not wait for it.
    await Promise.race([this.send(events, written), this.whenClosed])
    return new Map(written)
  }

  announce(): void {
    // The broker wakes its readers itself.
  }

  async subscribe(subscription: Subscription): Promise<void> {
    this.subscribed = true
    const reader = new KafkaReader(this.kafka, subscription, this.readerHost(), this.clock, this.log)
    this.readers.push(reader)
    void reader.run()
    const { instance } = this.options
    if (subscription.findDisconnected !== undefined && instance !== undefined)
      this.startEviction(subscription.group, subscription.findDisconnected, instance)
  }

  state(): 'up' | 'degraded' {
    const silent = this.subscribed && this.clock.now().getTime() - this.lastContactMs > SILENCE_MS
    return this.reachable && !silent ? 'up' : 'degraded'
  }

  async findLost(topic: string, acknowledged: readonly LogPosition[]): Promise<readonly LostPosition[]> {
    return lostPositions(await this.admin.get(), topic, acknowledged)
  }

  async read({ name }: { name: string }, position: ReadPosition): Promise<LogPart> {
    return this.openLog().read(name, position)
  }

  async *scan(topics: readonly string[], since: Date): AsyncIterable<BusRecord> {
    const admin = await this.admin.get()
    for (const topic of topics) {
      const [ends, starts] = await Promise.all([admin.fetchTopicOffsets(topic), admin.fetchTopicOffsetsByTimestamp(topic, since.getTime())])
      for (const { partition, offset } of starts) {
        const end = Number(ends.find((each) => each.partition === partition)?.high ?? 0)
        for (let position: ReadPosition = Number(offset); position < end;) {
          const part: LogPart = await this.openLog().read(topic, position, partition, SILENCE_MS)
          yield* part.records.filter(({ key }) => key !== HEARTBEAT_KEY)
          if (part.next === 'beginning') throw new Error(`${topic}-${partition} was recreated or truncated while it was read`)
          if (part.next === position) throw new Error(`${topic}-${partition} returned no record of offset ${position}`)
          position = part.next
        }
      }
    }
  }

  async writeHeartbeats(topics: readonly string[]): Promise<void> {
    try {
      const producer = await this.producer.get()
      const sends = topics.flatMap((topic) => Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ topic, partition })))
      const message = { key: HEARTBEAT_KEY, value: this.clock.now().toISOString(), headers: heartbeatHeaders() }
      await Promise.all(
        sends.map(({ topic, partition }) =>
          producer.send({ topic, acks: -1, timeout: SEND_TIMEOUT_MS, messages: [{ ...message, partition }] }),
        ),
      )
    } catch (error) {
      this.recordUnreachable(error)
    }
  }

  async lag(services: readonly ServiceName[] = SERVICES): Promise<ServiceLag[]> {
    return readLag(await this.admin.get(), services, this.lagClock)
  }

  async rates(now: Date): Promise<TopicRate[]> {
    return this.topicRates.read(await this.admin.get(), now)
  }

  async close(): Promise<void> {
    this.closed = true
    for (const { polls } of this.evictions) void polls.stop()
    await Promise.allSettled([
      ...this.readers.map((reader) => reader.close()),
      this.admin.current?.then((admin) => admin.disconnect()),
      this.coordinators?.close(),
      this.topicLog?.close(),
    ])
    this.resolveClosed()
    await this.connected?.disconnect().catch(() => {})
  }

  private openLog(): KafkaLog {
    if (this.closed) throw new Error('the bus is closed')
    return (this.topicLog ??= new KafkaLog(this.kafka))
  }

  private async send(events: readonly OutgoingEvent[], written: Map<string, LogPosition>): Promise<void> {
    let producer: Producer
    try {
      producer = await this.producer.get()
    } catch (error) {
      this.recordUnreachable(error)
      return
    }
    await Promise.all(partitionBatches(events).map((batch) => this.sendBatch(producer, batch, written)))
  }

  private startEviction(group: string, findDisconnected: NonNullable<Subscription['findDisconnected']>, instance: string): void {
    this.coordinators ??= new GroupCoordinators(this.kafka)
    const eviction = new GroupMemberEviction(group, instance, this.coordinators, findDisconnected, this.clock, this.log)
    this.evictions.push(eviction)
    eviction.polls.start()
  }

  private async connectAdmin(): Promise<Admin> {
    const admin = this.kafka.admin({ retry: { retries: 5, maxRetryTime: 500 } })
    await admin.connect()
    return admin
  }

  private async connectProducer(): Promise<Producer> {
    // Retries are short, because the relay retries too and keeps the order. kafkajs has no safe idempotent producer.
    const producer = this.kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      maxInFlightRequests: 1,
      retry: { retries: 5, maxRetryTime: 500 },
    })
    await producer.connect()
    if (this.closed) await producer.disconnect()
    this.connected = producer
    return producer
  }

  /** Sends sequentially to keep the order of the partition. After a failed send, the later events are not sent either. */
  private async sendBatch(
    producer: Producer,
    { topic, partition, sends }: PartitionBatch,
    written: Map<string, LogPosition>,
  ): Promise<void> {
    try {
      for (const events of sends) {
        const reply = await producer.send({
          topic,
          acks: -1,
          timeout: SEND_TIMEOUT_MS,
          messages: events.map((event) => ({ key: event.key, value: event.value, partition, headers: headersOf(event) })),
        })
        const confirmed = reply.find((entry) => entry.partition === partition && entry.errorCode === 0)
        if (confirmed === undefined) throw new Error(`the reply does not name ${topic}-${partition}`)
        const first = Number(confirmed.baseOffset)
        const atMs = Number(confirmed.logAppendTime ?? -1)
        for (const [index, event] of events.entries())
          written.set(event.id, { partition, offset: first + index, ...(atMs < 0 ? {} : { atMs }) })
      }
      this.recordContact()
    } catch (error) {
      this.recordUnreachable(error)
    }
  }

  private readerHost(): ReaderHost {
    return {
      contacted: () => this.recordContact(),
      unreachable: (error) => this.recordUnreachable(error),
      started: (record) => this.lagClock.started(record),
      positions: async (group, topics) => readGroupPositions(await this.admin.get(), group, topics),
      replaced: (group) => this.options.onConsumerReplaced?.(group),
      fatal: (error) => this.options.onFatal(error),
    }
  }

  private recordContact(): void {
    this.reachable = true
    this.lastContactMs = this.clock.now().getTime()
  }

  private recordUnreachable(error: unknown): void {
    this.reachable = false
    this.log.debug({ error: describeError(error) }, 'the broker does not respond')
  }
}

/**
 * Returns which of the last acknowledged records are missing from a topic. A truncated log may have grown beyond a lost offset: then the
 * first later record has that offset or a lower one. (Requires the broker's append time, which `topics apply` configures.)
 */
async function lostPositions(admin: Admin, topic: string, acknowledged: readonly LogPosition[]): Promise<LostPosition[]> {
  const ends = await admin.fetchTopicOffsets(topic)
  const found = await Promise.all(
    acknowledged.map(async ({ partition, offset, atMs }): Promise<LostPosition | undefined> => {
      const end = Number(ends.find((each) => each.partition === partition)?.high ?? 0)
      if (end <= offset) return { partition, offset: end, why: 'ends' }
      if (atMs === undefined) return undefined
      const younger = await admin.fetchTopicOffsetsByTimestamp(topic, atMs + 1)
      const first = Number(younger.find((each) => each.partition === partition)?.offset ?? end)
      return first <= offset ? { partition, offset: first, why: 'younger' } : undefined
    }),
  )
  return found.filter((position) => position !== undefined)
}
