import type { HmsError, ServiceName } from '#libs/contracts'
import { replicationOf, type HostConfig } from '#libs/process'
import { readGivenText } from '#libs/files'
import { clientIdOf, createKafka, EmbeddedBus, KafkaBus, maintainTopics, type EventBus, type KafkaSettings } from '#libs/messaging'
import { configInvalid, describeError, type Clock, type Logger, type Metrics } from '#libs/platform'
import { Pool } from 'pg'

const MAX_CA_BYTES = 1024 * 1024

/** Opens the bus of one machine: all services of the installation must run in this process. */
export function openEmbeddedBus(databaseUrl: string, clock: Clock, log: Logger): EventBus {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 8,
    application_name: 'hms-svc bus',
    connectionTimeoutMillis: 5_000,
    statement_timeout: 15_000,
  })
  pool.on('error', (error) => log.debug({ error: error.message }, 'bus connection lost'))
  return new EmbeddedBus(pool, clock, log)
}

export async function kafkaSettings(config: HostConfig, clientId: string): Promise<KafkaSettings> {
  if (config.kafkaBrokers === undefined) throw configInvalid('HMS_KAFKA_BROKERS must be set when HMS_BUS is kafka.')
  const [mechanism, username, ...password] = config.kafkaSasl?.split(':') ?? []
  return {
    brokers: config.kafkaBrokers,
    clientId,
    ...(mechanism === undefined || username === undefined
      ? {}
      : { sasl: { mechanism: mechanism as 'scram-sha-512', username, password: password.join(':') } }),
    ...(config.kafkaCa === undefined ? {} : { ca: await readCa(config.kafkaCa) }),
  }
}

async function readCa(file: string): Promise<string> {
  try {
    return await readGivenText(file, MAX_CA_BYTES)
  } catch (error) {
    throw configInvalid(`${file}, which HMS_KAFKA_CA names, cannot be read (${describeError(error)}).`, { cause: error })
  }
}

/** Opens the Kafka bus. Consumers that crash repeatedly would read nothing any more: they end the process, for a restart. */
export async function openKafkaBus(
  config: HostConfig,
  services: readonly ServiceName[],
  instance: string,
  clock: Clock,
  log: Logger,
  metrics: Metrics,
): Promise<EventBus> {
  const endProcess = (error: Error, why: string): void => {
    log.error({ error: error.message }, why)
    process.exitCode = 1
    process.kill(process.pid, 'SIGTERM')
  }
  const kafka = createKafka(await kafkaSettings(config, clientIdOf(`hms-svc-${services.join('+')}`, instance)), log)
  const onRefused = (error: HmsError): void =>
    endProcess(error, 'topics differ from the catalogue and cannot be repaired; this process ends')
  void maintainTopics(kafka, services, clock, log, onRefused, replicationOf(config))
  const countReplacement = new Map(services.map((service) => [service, metrics.repairCounter(service, 'reader')]))
  return new KafkaBus(kafka, clock, log, {
    instance,
    onFatal: (error) => endProcess(error, 'a Kafka consumer failed permanently; this process ends so that it is restarted'),
    onConsumerReplaced: (group) => countReplacement.get(group.split('.')[0] as ServiceName)?.(),
  })
}
