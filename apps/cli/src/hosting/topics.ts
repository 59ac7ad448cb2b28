import { EXIT } from '#libs/contracts'
import { readHostConfig, replicationOf } from '#libs/process'
import { applyAcls, applyTopics, createKafka, diffAcls, diffTopics, refuseOtherCopies, type TopicDifference } from '#libs/messaging'
import { createLogger, processEnvironment } from '#libs/platform'
import { kafkaSettings } from '#libs/service'
import type { Output } from '../output/output.js'
import type { TopicsOptions, TopicsVerb } from './hosting.js'

type Kafka = ReturnType<typeof createKafka>

export async function runTopics(verb: TopicsVerb, { output }: TopicsOptions): Promise<number> {
  const config = readHostConfig(processEnvironment())
  const kafka = createKafka(await kafkaSettings(config, 'hms-svc-topics'), createLogger(config.logLevel))
  return verb === 'diff' ? diff(kafka, replicationOf(config), output) : apply(kafka, replicationOf(config), output)
}

async function diff(kafka: Kafka, copies: number, output: Output): Promise<number> {
  const differences = [...(await diffTopics(kafka, copies)), ...(await diffAcls(kafka))]
  output.list(differences, DIFFERENCE_COLUMNS, 'The broker matches the catalogue.')
  return differences.length > 0 ? EXIT.conflict : EXIT.done
}

/** Prints the changes before the failures. */
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

/** Describes the change for a difference; `apply` threw if there was none. */
function doneWith({ what, wanted, found }: TopicDifference): string {
  if (what === 'missing') return `made with ${wanted}`
  if (what === 'replication') return `copies of each partition: ${wanted} instead of ${found}`
  if (what !== 'acl') return `${what} set to ${wanted} instead of ${found}`
  if (found === 'nothing') return `allowed: ${wanted}`
  return wanted === 'nothing' ? `taken back: ${found}` : `left for a person to decide: ${found}`
}
