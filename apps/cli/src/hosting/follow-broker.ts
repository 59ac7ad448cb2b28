import { createKafka, tailKafka, topicRecordOf } from '#libs/messaging'
import { createLogger, processEnvironment } from '#libs/platform'
import { readHostConfig } from '#libs/process'
import { kafkaSettings } from '#libs/service'
import type { Following } from '../topics/follow-services.js'

/** Follows the topics of Apache Kafka until `signal`; returns `false` immediately for an embedded bus. */
export async function followBroker(following: Following, signal: AbortSignal): Promise<boolean> {
  const config = readHostConfig(processEnvironment())
  if (config.bus !== 'kafka') return false
  const kafka = createKafka(await kafkaSettings(config, 'hms-svc-tail'), createLogger(config.logLevel))
  await tailKafka(kafka, {
    ...following,
    since: following.since === undefined ? undefined : new Date(following.since),
    onRecord: (record) => following.onRecord(topicRecordOf(record)),
    signal,
  })
  return true
}
