import { createRequire } from 'node:module'
import type * as KafkaJs from 'kafkajs'
import { HmsError } from '#libs/contracts'
import { framedSocket, isFault, isLoginRefused, PartitionReader, withLoginErrors, type ReadingCluster } from '#libs/kafka-socket'
import type { RecordBatch, RecordSource, ReadPosition } from './record-source.js'
import { reasonOf } from '../api/problem-to-error.js'

/** Apache Kafka adapter of `RecordSource`. The consumer joins no group; its partition assigner gives access to the kafkajs cluster. */
export class KafkaSource implements RecordSource {
  readonly name: string
  private readonly consumer: KafkaJs.Consumer
  private cluster!: ReadingCluster
  private readonly reader = new PartitionReader(() => this.cluster)
  private closed = false

  constructor(config: KafkaJs.KafkaConfig & { brokers: string[] }) {
    this.name = `Kafka at ${config.brokers.join(', ')}`
    const kafkajs = loadKafkajs()
    const kafka = new kafkajs.Kafka({
      connectionTimeout: 3_000,
      authenticationTimeout: 5_000,
      requestTimeout: 15_000,
      socketFactory: framedSocket,
      // `LogFeed` retries indefinitely and reports failures; these retries only bridge a broker restart.
      retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 3 },
      logLevel: kafkajs.logLevel.NOTHING,
      ...config,
      sasl: config.sasl && withLoginErrors(config.sasl),
    })
    const captureCluster: KafkaJs.PartitionAssigner = (assigner) => {
      this.cluster = assigner.cluster as unknown as ReadingCluster
      return kafkajs.PartitionAssigners.roundRobin(assigner)
    }
    this.consumer = kafka.consumer({
      groupId: 'hms-svc-follower',
      partitionAssigners: [captureCluster],
      allowAutoTopicCreation: false,
      retry: { retries: 3, maxRetryTime: 500 },
    })
  }

  async read(topic: string, position: ReadPosition, waitMs: number): Promise<RecordBatch> {
    try {
      return await this.reader.read(topic, position, waitMs)
    } catch (error) {
      throw brokerError(error, this.name, topic)
    } finally {
      // The read may have reconnected after `close` disconnected.
      if (this.closed) await this.close()
    }
  }

  async close(): Promise<void> {
    this.closed = true
    await this.consumer.disconnect().catch(() => {})
  }
}

/** Loads kafkajs, which is optional, with `require`: Node cannot detect its named exports. Throws `HMS_KAFKAJS_MISSING`. */
export function loadKafkajs(load: (name: string) => unknown = createRequire(import.meta.url)): typeof KafkaJs {
  try {
    return load('kafkajs') as typeof KafkaJs
  } catch (cause) {
    const detail = 'The package kafkajs is not installed; hms-svc/kafka reads a broker with it'
    throw new HmsError('HMS_KAFKAJS_MISSING', detail, { status: 500, next: ['npm install --include=optional'], cause })
  }
}

/** Maps an error of kafkajs to an `HmsError`. All are retryable except a refused login and a missing permission. */
function brokerError(error: unknown, name: string, topic: string): HmsError {
  if (isLoginRefused(error)) {
    const next = ['hms-svc help environment']
    return new HmsError('HMS_BROKER_LOGIN', `${name} refuses the login: ${reasonOf(error)}`, { status: 401, cause: error, next })
  }
  if (isFault(error, /^TOPIC_AUTHORIZATION_FAILED$/)) {
    const detail = `${name} does not let this user read ${topic}: it needs Read on that topic.`
    return new HmsError('HMS_BROKER_DENIED', detail, { status: 403, cause: error, next: ['hms-svc topics diff'] })
  }
  return brokerUnreachable(name, reasonOf(error), error)
}

export function brokerUnreachable(name: string, reason: string, cause?: unknown): HmsError {
  const next = ['hms-svc topics diff']
  return new HmsError('HMS_BROKER_UNREACHABLE', `${name} is not reachable: ${reason}`, { status: 503, retryable: true, cause, next })
}
