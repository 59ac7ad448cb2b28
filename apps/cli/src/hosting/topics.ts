import { EXIT, SERVICES, type ServiceName } from '#libs/contracts'
import {
  applyAcls,
  applyTopics,
  createKafka,
  diffAcls,
  diffTopics,
  requireReplicationFactor,
  tailKafka,
  topicRecordOf,
  type TopicDifference,
} from '#libs/messaging'
import { configInvalid, createLogger, processEnvironment, systemClock } from '#libs/platform'
import { databaseUrl, readHostConfig, replicationOf } from '#libs/process'
import { kafkaSettings, loadService, republishService } from '#libs/service'
import type { CliContext } from '../context.js'
import { timeOf } from '../flags.js'
import type { Columns } from '../output/table.js'
import type { Following } from '../topics/follow-services.js'

type Done = TopicDifference & { done: string }

const DIFFERENCE_COLUMNS: Columns<TopicDifference> = { TOPIC: 'topic', 'DIFFERS IN': 'what', WANTED: 'wanted', FOUND: 'found' }
const DONE_COLUMNS: Columns<Done> = { TOPIC: 'topic', DONE: 'done' }

function openBroker(config = readHostConfig(processEnvironment()), client = 'hms-svc-topics') {
  const settings = kafkaSettings(config, client, processEnvironment())
  return { kafka: createKafka(settings, createLogger(config.logLevel)), copies: replicationOf(config) }
}

export async function diffCatalogue({ output }: CliContext): Promise<number> {
  const { kafka, copies } = openBroker()
  const differences = [...(await diffTopics(kafka, copies)), ...(await diffAcls(kafka))]
  output.list(differences, DIFFERENCE_COLUMNS, 'The broker matches the catalogue.')
  return differences.length > 0 ? EXIT.conflict : EXIT.done
}

/** Makes the broker match the catalogue. Prints the changes before it throws for differences that remain. */
export async function applyCatalogue({ output }: CliContext): Promise<void> {
  const { kafka, copies } = openBroker()
  const remaining: TopicDifference[] = []
  const topics = await applyTopics(kafka, copies, undefined, { reassignReplicas: true, onUnchanged: (others) => remaining.push(...others) })
  const done = [...topics, ...(await applyAcls(kafka))].map((each): Done => ({ ...each, done: describeApplied(each) }))
  if (done.length > 0 || remaining.length === 0) output.list(done, DONE_COLUMNS, 'The broker matched the catalogue already.')
  requireReplicationFactor(remaining)
}

/** Describes the change that `apply` made for a difference. If a change failed, `apply` has thrown. */
function describeApplied({ what, wanted, found }: TopicDifference): string {
  if (what === 'missing') return `made with ${wanted}`
  if (what === 'replication') return `copies of each partition: ${wanted} instead of ${found}`
  if (what !== 'acl') return `${what} set to ${wanted} instead of ${found}`
  if (found === 'nothing') return `allowed: ${wanted}`
  return wanted === 'nothing' ? `taken back: ${found}` : `left for a person to decide: ${found}`
}

/** Republishes the events since a time from the outboxes, after the broker lost some of them. */
export async function republish({ output }: CliContext, { since }: { since: string }): Promise<void> {
  const from = new Date(timeOf('--since', since, systemClock.now().getTime()))
  const config = readHostConfig(processEnvironment())
  const url = await databaseUrl(config)
  if (config.bus !== 'kafka' || url === undefined) {
    const detail =
      'Only a broker can lose what it was sent: set HMS_BUS=kafka and HMS_DATABASE_URL. The embedded bus reads the outboxes themselves.'
    throw configInvalid(detail, { code: 'HMS_REPUBLISH_EMBEDDED' })
  }
  const services: { service: ServiceName; events: number }[] = []
  for (const service of SERVICES) services.push({ service, events: await republishService(await loadService(service), url, from) })
  const events = services.reduce((sum, each) => sum + each.events, 0)
  const lines = services.map((each) => `${each.service}: ${each.events} ${each.events === 1 ? 'event' : 'events'}`)
  output.result({ since: from.toISOString(), events, services }, lines)
  output.note(`${events} since ${from.toISOString()} are sent again by the services that run`)
}

/** Follows the topics of Apache Kafka until `signal`; returns `false` immediately for an embedded bus. */
export async function followBroker(following: Following, signal: AbortSignal): Promise<boolean> {
  const config = readHostConfig(processEnvironment())
  if (config.bus !== 'kafka') return false
  const { kafka } = openBroker(config, 'hms-svc-tail')
  await tailKafka(kafka, {
    ...following,
    since: following.since === undefined ? undefined : new Date(following.since),
    onRecord: (record) => following.onRecord(topicRecordOf(record)),
    signal,
  })
  return true
}
