import type { Kafka, KafkaConfig } from 'kafkajs'
import kafkajs from 'kafkajs'
import { framedSocket } from '#libs/kafka-socket'
import type { Logger } from '#libs/platform'

export interface KafkaSettings {
  brokers: string[]
  clientId: string
  /** `scram-sha-512:user:password`, parsed. */
  sasl?: { mechanism: 'scram-sha-256' | 'scram-sha-512'; username: string; password: string }
  /** PEM of the certificate authority; TLS is used if given. */
  ca?: string
}

/** Creates a client with deadlines and retries: below 5 retries a send fails while a broker moves. */
export function createKafka(settings: KafkaSettings, log: Logger): Kafka {
  return new kafkajs.Kafka({
    clientId: settings.clientId,
    brokers: settings.brokers,
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: 15_000,
    socketFactory: framedSocket,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 10, factor: 0.2, multiplier: 2 },
    ...(settings.sasl === undefined ? {} : { sasl: settings.sasl as KafkaConfig['sasl'] }),
    ...(settings.ca === undefined ? {} : { ssl: { ca: [settings.ca] } }),
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
