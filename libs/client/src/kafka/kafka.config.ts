import type { KafkaConfig } from 'kafkajs'
import { HmsError } from '#libs/contracts'
import { readGivenText } from '#libs/files'

const MAX_CA_BYTES = 1024 * 1024

/** Connection settings of a broker. `sasl` and `ssl` have kafkajs' types. */
export interface BrokerOptions {
  /** Bootstrap brokers as `host:port`; one is enough. Default: `HMS_KAFKA_BROKERS`. */
  brokers?: string[]
  /** Credentials, such as `{ mechanism: 'scram-sha-512', username, password }`. Default: `HMS_KAFKA_SASL`. */
  sasl?: KafkaConfig['sasl']
  /** `true`, or options of `tls.connect` such as `{ ca: [pem] }`. Default: TLS with `HMS_KAFKA_CA`, else no TLS. */
  ssl?: KafkaConfig['ssl']
}

/** Fills missing options from the environment. Throws `HMS_CONFIG_INVALID` (400). */
export async function readBrokerConfig(
  options: BrokerOptions,
  env: Record<string, string | undefined> = process.env,
): Promise<BrokerOptions & { brokers: string[] }> {
  const text = (name: string): string | undefined => env[name]?.trim() || undefined
  const brokers =
    options.brokers ??
    text('HMS_KAFKA_BROKERS')
      ?.split(',')
      .map((part) => part.trim())
  if (brokers === undefined || brokers.length === 0 || brokers.some((broker) => !/^\S+:\d+$/.test(broker)))
    throw invalid('brokers, or HMS_KAFKA_BROKERS, must be a list of host:port')
  const sasl = options.sasl ?? saslOf(text('HMS_KAFKA_SASL'))
  const ssl = options.ssl ?? (await sslOf(text('HMS_KAFKA_CA')))
  return { brokers, ...(sasl === undefined ? {} : { sasl }), ...(ssl === undefined ? {} : { ssl }) }
}

function saslOf(text: string | undefined): KafkaConfig['sasl'] {
  if (text === undefined) return undefined
  // A password may contain colons.
  const [, mechanism, username = '', password = ''] = /^(scram-sha-(?:256|512)):([^:]+):(.+)$/.exec(text) ?? []
  if (mechanism === undefined) throw invalid('HMS_KAFKA_SASL must look like scram-sha-512:user:password')
  return { mechanism: mechanism as 'scram-sha-512', username, password }
}

async function sslOf(path: string | undefined): Promise<KafkaConfig['ssl']> {
  if (path === undefined) return undefined
  try {
    return { ca: [await readGivenText(path, MAX_CA_BYTES)] }
  } catch (error) {
    throw invalid(`HMS_KAFKA_CA cannot be read: ${path}`, error)
  }
}

function invalid(detail: string, cause?: unknown): HmsError {
  return new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, cause, next: ['hms-svc help environment'] })
}
