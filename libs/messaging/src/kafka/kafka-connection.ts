import type { Consumer, Kafka, KafkaConfig, PartitionAssigner } from 'kafkajs'
import kafkajs from 'kafkajs'
import { framedSocket, withLoginErrors } from '#libs/kafka-socket'
import type { Logger } from '#libs/platform'

export interface KafkaSettings extends Pick<KafkaConfig, 'sasl' | 'ssl'> {
  brokers: string[]
  clientId: string
}

/** Creates a client with deadlines and retries: with fewer than 5 retries, a send fails while a partition changes its leader. */
export function createKafka(settings: KafkaSettings, log: Logger): Kafka {
  return new kafkajs.Kafka({
    clientId: settings.clientId,
    brokers: settings.brokers,
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: 15_000,
    socketFactory: framedSocket,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 10, factor: 0.2, multiplier: 2 },
    sasl: settings.sasl && withLoginErrors(settings.sasl),
    ssl: settings.ssl,
    logLevel: kafkajs.logLevel.WARN,
    // kafkajs logs normal waiting (a loading coordinator) as ERROR; it is logged at debug here.
    logCreator: () => (entry) =>
      log.debug({ kafkajs: entry.namespace, level: entry.label, error: entry.log['error'] as unknown }, entry.log.message),
  })
}

/** Returns the partition of a key: Java-compatible murmur2, as in every other client of the cluster. */
export function partitionOf(key: string, partitions: number): number {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    partitionId,
    leader: 0,
    replicas: [],
    isr: [],
    partitionErrorCode: 0,
  }))
  return partition({ topic: '', partitionMetadata: partitionMetadata as never, message: { key, value: null } })
}
const partition = kafkajs.Partitioners.DefaultPartitioner()

/** Shares one connection among all callers. A failed attempt is discarded, and the next caller retries. */
export class ConnectOnce<T> {
  private connection: Promise<T> | undefined

  constructor(private readonly connect: () => Promise<T>) {}

  get(): Promise<T> {
    this.connection ??= this.connect().catch((error: unknown) => {
      this.connection = undefined
      throw error
    })
    return this.connection
  }

  /** The connection, established or pending; `undefined` if none was requested. */
  get current(): Promise<T> | undefined {
    return this.connection
  }
}

/**
 * Opens a separate connection for requests that kafkajs' clients lack. The factory of a partition assigner is kafkajs' only public access
 * to a cluster. `C` declares the cluster's methods that the types omit. The consumer is never run, so it connects but joins no group.
 */
export function openClusterConnection<C>(kafka: Kafka, groupId: string): { consumer: Consumer; cluster: C } {
  let cluster!: C
  const captureCluster: PartitionAssigner = (config) => {
    cluster = config.cluster as unknown as C
    return kafkajs.PartitionAssigners.roundRobin(config)
  }
  const retry = { retries: 2, maxRetryTime: 500 }
  const consumer = kafka.consumer({ groupId, partitionAssigners: [captureCluster], allowAutoTopicCreation: false, retry })
  return { consumer, cluster }
}
