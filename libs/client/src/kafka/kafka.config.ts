import type { KafkaConfig } from 'kafkajs'
import { brokerConfigInvalid, readSasl, readTls } from '#libs/kafka-socket'

/** Connection settings of a broker. `sasl` and `ssl` have kafkajs' types. */
export interface BrokerOptions {
  /** Bootstrap brokers as `host:port`; one is enough. Default: `HMS_KAFKA_BROKERS`. */
  brokers?: string[]
  /** Credentials, such as `{ mechanism: 'scram-sha-512', username, password }`. Default: `HMS_KAFKA_SASL`. */
  sasl?: KafkaConfig['sasl']
  /** `true`, or options of `tls.connect` such as `{ ca: [pem] }`. Default: `HMS_KAFKA_TLS`, `_CA`, `_CERT`, `_KEY`, else no TLS. */
  ssl?: KafkaConfig['ssl']
}

/** Fills missing options from the environment. Throws `HMS_CONFIG_INVALID` (400). */
export function readBrokerConfig(
  options: BrokerOptions,
  env: Record<string, string | undefined> = process.env,
): BrokerOptions & { brokers: string[] } {
  const brokers =
    options.brokers ??
    env['HMS_KAFKA_BROKERS']
      ?.trim()
      .split(',')
      .map((part) => part.trim())
  if (!Array.isArray(brokers) || brokers.length === 0 || brokers.some((broker) => !/^\S+:\d+$/.test(broker)))
    throw brokerConfigInvalid('brokers, or HMS_KAFKA_BROKERS, must be a list of host:port')
  return { brokers, sasl: options.sasl ?? readSasl(env), ssl: options.ssl ?? readTls(env) }
}
