import { topicByName, type OutgoingEvent } from '#libs/contracts'
import { describeError, pause, type Clock, type Logger } from '#libs/platform'
import type { Admin, Consumer, Kafka, KafkaMessage, Producer } from 'kafkajs'
import { headersOf } from '../cloud-event.js'
import type { EventBus, Subscription, TopicLag } from '../event-bus.js'
import { readLag } from './kafka-lag.js'
import { partitionOf } from './kafka-connection.js'

const RECONNECT_MS = 500
const SEND_TIMEOUT_MS = 10_000
/** Readers hear from the broker every second; kafkajs says nothing of a broker that fell silent. */
const SILENCE_MS = 5_000

/** Apache Kafka behind the port, by kafkajs. Settings and their reasons: research 08 §3, §6. */
export class KafkaBus implements EventBus {
  private producer: Promise<Producer> | undefined
  private connected: Producer | undefined
  private readonly consumers: Consumer[] = []
  private admin: Admin | undefined
  private closed = false
  private end: () => void = () => {}
  private readonly ended = new Promise<void>((resolve) => (this.end = resolve))
  private reachable = true
  private subscribed = false
  private heardAtMs = 0

  constructor(
    private readonly kafka: Kafka,
    private readonly clock: Clock,
    private readonly log: Logger,
    /** A consumer that kafkajs will not start again: the process must end, or it would stay silent for ever. */
    private readonly onFatal: (error: Error) => void,
  ) {}

  async publish(events: readonly OutgoingEvent[]): Promise<ReadonlySet<string>> {
    const written = new Set<string>()
    // A dead broker holds kafkajs for up to 8 s: closing does not wait for that.
    await Promise.race([this.send(events, written), this.ended])
    return new Set(written)
  }

  announce(): void {
    // The broker already wakes its readers.
  }

  async subscribe(subscription: Subscription): Promise<void> {
    this.subscribed = true
    void this.keepReading(subscription)
  }

  state(): 'up' | 'degraded' {
    const silent = this.subscribed && this.clock.now().getTime() - this.heardAtMs > SILENCE_MS
    return this.reachable && !silent ? 'up' : 'degraded'
  }

  async lag(): Promise<TopicLag[]> {
    this.admin ??= this.kafka.admin()
    await this.admin.connect()
    return readLag(this.admin)
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.allSettled([...this.consumers.map((consumer) => consumer.disconnect()), this.admin?.disconnect()])
    this.end()
    await this.connected?.disconnect().catch(() => {})
  }

  private async send(events: readonly OutgoingEvent[], written: Set<string>): Promise<void> {
    let producer: Producer
    try {
      producer = await this.connectedProducer()
    } catch (error) {
      this.unreachable(error)
      return
    }
    // One partition per send(): over several, kafkajs was measured to resolve although records were never written (research 08 §6).
    await Promise.all([...byPartition(events).values()].map((batch) => this.sendBatch(producer, batch, written)))
  }

  private connectedProducer(): Promise<Producer> {
    this.producer ??= this.connectProducer().catch((error: unknown) => {
      this.producer = undefined
      throw error
    })
    return this.producer
  }

  private async connectProducer(): Promise<Producer> {
    // Retries are short: the relay keeps the order and comes again; an idempotent producer cannot be had safely (design §4).
    const producer = this.kafka.producer({ allowAutoTopicCreation: false, idempotent: false, maxInFlightRequests: 1, retry: { retries: 5, maxRetryTime: 500 } })
    await producer.connect()
    if (this.closed) await producer.disconnect()
    this.connected = producer
    return producer
  }

  private async sendBatch(producer: Producer, batch: OutgoingEvent[], written: Set<string>): Promise<void> {
    const { topic, key } = batch[0]!
    const partition = partitionOf(key, topicByName(topic).partitions)
    try {
      const reply = await producer.send({
        topic,
        acks: -1,
        timeout: SEND_TIMEOUT_MS,
        messages: batch.map((event) => ({ key: event.key, value: event.value, partition, headers: headersOf(event) })),
      })
      const confirmed = reply.some((entry) => entry.partition === partition && entry.errorCode === 0)
      if (!confirmed) throw new Error(`the reply does not name ${topic}-${partition}`)
      for (const event of batch) written.add(event.id)
      this.heard()
    } catch (error) {
      this.unreachable(error)
    }
  }

  /** Reads until closed. Starting fails while the broker or the topics are not there yet; that is waited out. */
  private async keepReading(subscription: Subscription): Promise<void> {
    while (!this.closed) {
      const consumer = this.createConsumer(subscription.group)
      try {
        await consumer.connect()
        await consumer.subscribe({ topics: subscription.topics.map((topic) => topic.name), fromBeginning: true })
        await consumer.run({
          autoCommit: true,
          autoCommitInterval: 250,
          partitionsConsumedConcurrently: 4,
          eachMessage: ({ topic, partition, message }) =>
            subscription.handle({
              topic,
              key: message.key?.toString('utf8') ?? null,
              value: message.value?.toString('utf8') ?? null,
              headers: textHeaders(message),
              position: `${partition}:${message.offset}`,
            }),
        })
        this.consumers.push(consumer)
        if (this.closed) await consumer.disconnect()
        return
      } catch (error) {
        this.unreachable(error)
        await consumer.disconnect().catch(() => {})
        await pause(this.clock, RECONNECT_MS)
      }
    }
  }

  private createConsumer(groupId: string): Consumer {
    const consumer = this.kafka.consumer({
      groupId,
      sessionTimeout: 10_000,
      heartbeatInterval: 1_000,
      rebalanceTimeout: 15_000,
      maxWaitTimeInMs: 250,
      allowAutoTopicCreation: false,
      // Coordinators load, brokers restart: giving up would end the process.
      retry: { retries: 1_000, initialRetryTime: 100, maxRetryTime: 1_000 },
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (this.closed) return
      this.unreachable(payload.error)
      if (!payload.restart) this.onFatal(payload.error)
    })
    consumer.on(consumer.events.GROUP_JOIN, () => this.heard())
    consumer.on(consumer.events.HEARTBEAT, () => this.heard())
    return consumer
  }

  private heard(): void {
    this.reachable = true
    this.heardAtMs = this.clock.now().getTime()
  }

  private unreachable(error: unknown): void {
    this.reachable = false
    this.log.debug({ error: describeError(error) }, 'the broker does not answer')
  }
}

/** Keeps the order within each partition. */
function byPartition(events: readonly OutgoingEvent[]): Map<string, OutgoingEvent[]> {
  const batches = new Map<string, OutgoingEvent[]>()
  for (const event of events) {
    const place = `${event.topic} ${partitionOf(event.key, topicByName(event.topic).partitions)}`
    const batch = batches.get(place)
    if (batch === undefined) batches.set(place, [event])
    else batch.push(event)
  }
  return batches
}

function textHeaders(message: KafkaMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(message.headers ?? {})) headers[name] = String(Array.isArray(value) ? value[0] : value)
  return headers
}
