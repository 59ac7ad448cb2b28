import { EXIT, TOPICS, type TopicReport } from '#libs/contracts'
import { HostConfig, readHostConfig, replicationOf } from '#libs/process'
import { applyAcls, applyTopics, createKafka, diffAcls, diffTopics, KafkaBus, type TopicDifference, type TopicLag } from '#libs/messaging'
import { createLogger, processEnvironment, systemClock } from '#libs/platform'
import { kafkaSettings } from '#libs/service'
import type { Output } from '../output/output.js'
import type { TopicsOptions, TopicsVerb } from './hosting.js'

export async function runTopics(verb: TopicsVerb, { output, url }: TopicsOptions): Promise<number> {
  const config = readHostConfig(processEnvironment())
  if (verb === 'list') return list(output, config, url)
  const kafka = createKafka(await kafkaSettings(config, 'hms-svc-topics'), createLogger(config.logLevel))
  const copies = replicationOf(config)
  const [topics, acls] =
    verb === 'diff' ? [await diffTopics(kafka, copies), await diffAcls(kafka)] : [await applyTopics(kafka, copies), await applyAcls(kafka)]
  const differences = [...topics, ...acls]
  const empty = verb === 'diff' ? 'The broker matches the catalogue.' : 'The broker matched the catalogue already.'
  output.list(
    differences,
    [
      { heading: 'TOPIC', cell: (row: TopicDifference) => row.topic },
      { heading: verb === 'diff' ? 'DIFFERS IN' : 'CHANGED', cell: (row) => row.what },
      { heading: 'WANTED', cell: (row) => row.wanted },
      { heading: 'FOUND', cell: (row) => row.found },
    ],
    empty,
  )
  return verb === 'diff' && differences.length > 0 ? EXIT.conflict : EXIT.done
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
