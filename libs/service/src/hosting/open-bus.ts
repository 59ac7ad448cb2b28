import { exitCodeOfStatus, type HmsError, type ServiceName } from '#libs/contracts'
import { replicationOf, type HostConfig } from '#libs/process'
import { readSasl, readTls } from '#libs/kafka-socket'
import { clientIdOf, createKafka, EmbeddedBus, KafkaBus, maintainTopics, type EventBus, type KafkaSettings } from '#libs/messaging'
import { configInvalid, type Clock, type Environment, type Logger, type Metrics } from '#libs/platform'
import { Pool } from 'pg'

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

/** Returns the brokers and the login of the environment. Throws `HMS_CONFIG_INVALID`. */
export function kafkaSettings({ kafkaBrokers: brokers }: HostConfig, clientId: string, env: Environment): KafkaSettings {
  if (brokers === undefined) throw configInvalid('HMS_KAFKA_BROKERS must be set when HMS_BUS is kafka.')
  return { brokers, clientId, sasl: readSasl(env), ssl: readTls(env) }
}

/** Opens the Kafka bus. A consumer that cannot recover would read nothing more, so it ends the process, which is then restarted. */
export function openKafkaBus(
  config: HostConfig,
  services: readonly ServiceName[],
  instance: string,
  clock: Clock,
  log: Logger,
  metrics: Metrics,
  env: Environment,
): EventBus {
  let isEnding = false
  const endProcess = (error: Error, why: string): void => {
    // Several readers may fail, and a second signal would end the process before it has stopped.
    if (isEnding) return
    isEnding = true
    const { code, status = 500 } = error as Partial<HmsError>
    log.error({ error: error.message, code }, why)
    process.exitCode = exitCodeOfStatus(status)
    process.kill(process.pid, 'SIGTERM')
  }
  const kafka = createKafka(kafkaSettings(config, clientIdOf(`hms-svc-${services.join('+')}`, instance), env), log)
  const onRefused = (error: HmsError): void => endProcess(error, 'topics cannot be checked or repaired; this process ends')
  void maintainTopics(kafka, services, clock, log, onRefused, replicationOf(config))
  const countReplacement = new Map(services.map((service) => [service, metrics.repairCounter(service, 'reader')]))
  return new KafkaBus(kafka, clock, log, {
    instance,
    onFatal: (error) => endProcess(error, 'a Kafka consumer failed permanently; this process ends so that it is restarted'),
    onConsumerReplaced: (group) => countReplacement.get(group.split('.')[0] as ServiceName)?.(),
  })
}
