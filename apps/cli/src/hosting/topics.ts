import { EXIT, TOPICS, type TopicReport } from '#libs/contracts'
import { HostConfig, readHostConfig, replicationOf } from '#libs/process'
import {
  applyAcls,
  applyTopics,
  createKafka,
  diffAcls,
  diffTopics,
  KafkaBus,
  refuseOtherCopies,
  type TopicDifference,
  type TopicLag,
} from '#libs/messaging'
import { createLogger, processEnvironment, systemClock } from '#libs/platform'
import { kafkaSettings } from '#libs/service'
import type { Output } from '../output/output.js'
import type { TopicsOptions, TopicsVerb } from './hosting.js'

type Kafka = ReturnType<typeof createKafka>

export async function runTopics(verb: TopicsVerb, { output, url }: TopicsOptions): Promise<number> {
  const config = readHostConfig(processEnvironment())
  if (verb === 'list') return list(output, config, url)
  const kafka = createKafka(await kafkaSettings(config, 'hms-svc-topics'), createLogger(config.logLevel))
  return verb === 'diff' ? diff(kafka, replicationOf(config), output) : apply(kafka, replicationOf(config), output)
}

async function diff(kafka: Kafka, copies: number, output: Output): Promise<number> {
  const differences = [...(await diffTopics(kafka, copies)), ...(await diffAcls(kafka))]
  output.list(differences, DIFFERENCE_COLUMNS, 'The broker matches the catalogue.')
  return differences.length > 0 ? EXIT.conflict : EXIT.done
}

/** Says what it did before it says what it could not do. */
async function apply(kafka: Kafka, copies: number, output: Output): Promise<number> {
  const left: TopicDifference[] = []
  const topics = await applyTopics(kafka, copies, undefined, { copies: true, onLeft: (others) => left.push(...others) })
  const done = [...topics, ...(await applyAcls(kafka))].map(withDone)
  if (done.length > 0 || left.length === 0) output.list(done, DONE_COLUMNS, 'The broker matched the catalogue already.')
  refuseOtherCopies(left)
  return EXIT.done
}

type Done = TopicDifference & { done: string }

const DIFFERENCE_COLUMNS = [
  { heading: 'TOPIC', cell: (row: TopicDifference) => row.topic },
  { heading: 'DIFFERS IN', cell: (row: TopicDifference) => row.what },
  { heading: 'WANTED', cell: (row: TopicDifference) => row.wanted },
  { heading: 'FOUND', cell: (row: TopicDifference) => row.found },
]
const DONE_COLUMNS = [
  { heading: 'TOPIC', cell: (row: Done) => row.topic },
  { heading: 'DONE', cell: (row: Done) => row.done },
]

function withDone(difference: TopicDifference): Done {
  return { ...difference, done: doneWith(difference) }
}

/** What `apply` did about a difference; it threw where it could do nothing. */
function doneWith({ what, wanted, found }: TopicDifference): string {
  if (what === 'missing') return `made with ${wanted}`
  if (what === 'replication') return `copies of each partition: ${wanted} instead of ${found}`
  if (what !== 'acl') return `${what} set to ${wanted} instead of ${found}`
  if (found === 'nothing') return `allowed: ${wanted}`
  return wanted === 'nothing' ? `taken back: ${found}` : `left for a person to decide: ${found}`
}

async function list(output: Output, config: HostConfig, url: string): Promise<number> {
  const lags = await readLags(config, url)
  const reports: TopicReport[] = TOPICS.map((topic) => {
    const lag = lags.find((candidate) => candidate.topic === topic.name)
    return { name: topic.name, purpose: topic.purpose, partitions: topic.partitions, messages: lag?.messages ?? 0, lag: lag?.groups ?? [] }
  })
  output.list(
    reports,
    [
      { heading: 'TOPIC', cell: (row: TopicReport) => row.name },
      { heading: 'PARTITIONS', cell: (row) => String(row.partitions) },
      { heading: 'MESSAGES', cell: (row) => String(row.messages) },
      { heading: 'LAG', cell: (row) => lagText(row) },
      { heading: 'PURPOSE', cell: (row) => row.purpose },
    ],
    'The catalogue is empty.',
  )
  return EXIT.done
}

function lagText({ lag }: TopicReport): string {
  const behind = lag.filter((group) => group.messages > 0)
  return behind.length === 0 ? '0' : behind.map((group) => `${group.group} ${group.messages}`).join(', ')
}

/** From the broker in distributed mode; from the running services in embedded mode. */
async function readLags(config: HostConfig, url: string): Promise<TopicLag[]> {
  if (config.bus === 'kafka') {
    const log = createLogger(config.logLevel)
    const bus = new KafkaBus(createKafka(await kafkaSettings(config, 'hms-svc-topics'), log), systemClock, log, { onFatal: () => {} })
    try {
      return await bus.lag()
    } finally {
      await bus.close()
    }
  }
  const { ApiClient } = await import('#libs/client')
  return new ApiClient({ url, timeoutMs: 10_000 }).get<TopicLag[]>('/v1/topics')
}
