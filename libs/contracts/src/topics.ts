import { EVENT_TOPICS, isStageEvent, type EventType } from './events.js'
import { SERVICES, type ServiceName } from './services.js'

/** A topic of the catalogue. `topics apply` creates the topics, `topics list` shows them, and the AsyncAPI document describes them. */
export interface Topic {
  name: string
  producers: readonly ServiceName[]
  consumers: readonly ServiceName[]
  key: 'policy' | 'run' | 'roster' | 'token' | 'freeze' | 'partner' | 'bot' | 'document' | 'letter' | 'original'
  partitions: number
  cleanup: 'delete' | 'compact'
  purpose: string
  /** Compacted without delay: readers need only the newest record of each key, and skip gaps. */
  newestOnly?: true
  /** Recording in the audit trail: an entry per event, or one digest per run and window for high-volume facts. */
  trail?: 'window'
  /** Topic of a stage, which also publishes `STAGE_EVENTS` on it. */
  stage?: true
  /** Suffix of a separate consumer group of each service, so that decisions of people do not wait behind a slow handler. */
  group?: 'control'
}

/** Key of records that are only written so that Kafka compacts an idle topic; readers skip them. */
export const HEARTBEAT_KEY = '~heartbeat'
/** Key of rollout's newest freshness statement on `hms.config.state.v1`; not a valid policy id. */
export const FRESHNESS_KEY = '~freshness'

/** All services except approver, which is the producer, and audit, which `entry` adds. */
const EVERY_OTHER = SERVICES.filter((name) => name !== 'approver' && name !== 'audit')

const DAY_MS = 24 * 60 * 60 * 1000

/** Returns a catalogue entry with the common defaults. Adds audit to the consumers. */
function entry(name: string, producer: ServiceName, consumers: ServiceName[], purpose: string, more: Partial<Topic> = {}): Topic {
  return {
    name,
    producers: [producer],
    consumers: [...consumers, 'audit'],
    key: 'policy',
    partitions: 12,
    cleanup: 'delete',
    purpose,
    ...more,
  }
}

/** Every topic with its producers and readers. The partition count is permanent: growing a keyed topic re-maps its keys. */
export const TOPICS: readonly Topic[] = [
  entry('hms.approval.v1', 'approver', ['linter', 'rollout'], 'approved releases enter the pipeline, signed rollbacks at its end'),
  entry('hms.lint.v1', 'linter', ['simulator', 'rollout', 'approver'], 'verdicts of lint and schema', { stage: true }),
  entry('hms.simulation.v1', 'simulator', ['canary-controller', 'approver'], 'verdicts of the replay', { stage: true }),
  entry('hms.canary.v1', 'canary-controller', ['rollout', 'approver'], 'the canary and its verdict', { stage: true }),
  entry('hms.rollout.v1', 'rollout', ['notifier', 'canary-controller', 'approver'], 'what is live for all; rollbacks and withdrawals too', {
    stage: true,
  }),
  entry('hms.notification.v1', 'notifier', ['approver'], 'notifications of partners', { stage: true }),
  entry('hms.run.control.v1', 'approver', ['simulator', 'canary-controller', 'rollout', 'notifier'], 'decisions of people', {
    group: 'control',
  }),
  entry('hms.ticket.v1', 'approver', ['notifier'], 'tickets, for the partners on call'),
  entry('hms.run.state.v1', 'approver', [], 'state of each run, for dashboards', { key: 'run', cleanup: 'compact' }),
  entry('hms.roster.v1', 'approver', EVERY_OTHER, 'rosters, one version after the other', {
    key: 'roster',
    partitions: 1,
    cleanup: 'compact',
  }),
  entry('hms.token.v1', 'approver', EVERY_OTHER, 'keys of programs, hashed, and which were revoked', {
    key: 'token',
    partitions: 1,
    cleanup: 'compact',
  }),
  entry('hms.freeze.v1', 'approver', ['canary-controller', 'rollout'], 'freezes and the stop switch', {
    key: 'freeze',
    partitions: 1,
    cleanup: 'compact',
    group: 'control',
  }),
  entry('hms.partner.v1', 'notifier', ['linter'], 'registered partners', { key: 'partner', cleanup: 'compact' }),
  entry('hms.receipt.v1', 'notifier', ['approver'], 'what reached each partner, and what it acknowledged', { key: 'partner' }),
  entry('hms.config.head.v1', 'rollout', ['config-store'], 'signed heads', { producers: ['canary-controller', 'rollout'] }),
  entry('hms.config.published.v1', 'config-store', ['canary-controller', 'rollout'], 'heads stored and pushed'),
  entry('hms.config.coverage.v1', 'config-store', ['canary-controller', 'rollout'], 'who runs what, in numbers', { trail: 'window' }),
  entry('hms.config.state.v1', 'config-store', [], 'full documents for bots on Kafka, and rollout’s freshness statement', {
    key: 'document',
    partitions: 1,
    cleanup: 'compact',
    newestOnly: true,
    consumers: ['simulator'],
  }),
  entry('hms.bot.alert.v1', 'config-store', ['canary-controller'], 'alerts of bots', { key: 'bot', trail: 'window' }),
  entry('hms.letter.v1', 'approver', [], 'dead letters that were closed', { producers: SERVICES, key: 'letter', partitions: 1 }),
  // audit does not read its own topic: each of its events would create another entry.
  entry('hms.audit.v1', 'audit', [], 'proofs that approvals are in the log', { consumers: ['canary-controller', 'rollout', 'approver'] }),
]

/** Topic of `STAGE_EVENTS` by stage; approver, config-store and audit are not stages. */
export const STAGE_TOPICS: Partial<Record<ServiceName, string>> = Object.fromEntries(
  TOPICS.filter((topic) => topic.stage === true).map(({ name, producers }) => [producers[0], name]),
)

export function deadLetterTopic(group: string): string {
  return `hms.dlq.${group}.v1`
}

export const TOPIC_NAMES = [...TOPICS.map(({ name }) => name), ...SERVICES.map(deadLetterTopic)]

/** Type of the records in `hms.dlq.<group>.v1`, which contain the original record. For people and tools; no service reads it. */
export const GIVEN_UP = 'hms.event.given-up.v1'

/** Returns the partition count of any of our topics, including dead letters. */
export function partitionsOf(name: string): number {
  return name.startsWith('hms.dlq.') ? DEAD_LETTER_PARTITIONS : topicByName(name).partitions
}

export const DEAD_LETTER_PARTITIONS = 12
export const RETENTION_MS = 7 * DAY_MS
export const DEAD_LETTER_RETENTION_MS = 30 * DAY_MS

export function topicByName(name: string): Topic {
  const topic = TOPICS.find((candidate) => candidate.name === name)
  if (topic === undefined) throw new TypeError(`${name} is not in the topic catalogue`)
  return topic
}

/** Returns the topics on which a service reads events of this type. For `STAGE_EVENTS`: the topics of all stages that it reads. */
export function topicsOfType(type: EventType, reader: ServiceName): string[] {
  if (!isStageEvent(type)) return [EVENT_TOPICS[type]]
  const read = topicsConsumedBy(reader).map(({ name }) => name)
  return Object.values(STAGE_TOPICS).filter((topic) => read.includes(topic))
}

export function topicsConsumedBy(service: ServiceName): Topic[] {
  return TOPICS.filter((topic) => topic.consumers.includes(service))
}

/** Number of minutes to average over, because the count of one minute fluctuates. */
const RATE_OF_MINUTES = 5

/** Returns events per minute for display: the mean of the newest counts. `perMinute` is sorted, oldest first. */
export function eventsAMinute(perMinute: readonly number[]): string {
  const last = perMinute.slice(-RATE_OF_MINUTES)
  const rate = last.reduce((sum, events) => sum + events, 0) / Math.max(1, last.length)
  return rate === 0 ? '0' : rate < 10 ? rate.toFixed(1) : String(Math.round(rate))
}
