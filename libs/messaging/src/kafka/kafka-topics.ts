import {
  action,
  command,
  DEAD_LETTER_PARTITIONS,
  DEAD_LETTER_RETENTION_MS,
  deadLetterTopic,
  HmsError,
  RETENTION_MS,
  SERVICES,
  TOPICS,
  type ServiceName,
  type Topic,
} from '#libs/contracts'
import { describeError, isCausedBy, pollUntil, pause, systemClock, type Clock, type Logger } from '#libs/platform'
import type { Admin, Kafka } from 'kafkajs'
import kafkajs from 'kafkajs'
import { isDenied, withAdmin } from './kafka-admin.js'
import { minInSync, otherReplicaCount, replicaAssignments, requireReplicationFactor, requireBrokers } from './topic-replicas.js'

const APPLY_TIMEOUT_MS = 15_000
const APPLY_POLL_MS = 100
const REASSIGN_TIMEOUT_MS = 10 * 60_000
const RETRY_MS = 5_000

export interface WantedTopic {
  name: string
  partitions: number
  /** Replicas of each partition, including the leader. */
  replication: number
  config: Record<string, string>
}

export interface TopicDifference {
  topic: string
  /** `missing`, `partitions`, `replication`, or the name of a setting. */
  what: string
  wanted: string
  found: string
}

interface ApplyOptions {
  /** Also reassigns replicas. The duration grows with the number of records, so only an operator requests it, not a starting service. */
  reassignReplicas?: boolean
  /** Called last, with the topics whose replication factor still differs. Default: throws `HMS_TOPICS_REPLICATION` if there are any. */
  onUnchanged?: (unchanged: readonly TopicDifference[]) => void
}

/** Returns the catalogue as Kafka settings. Messages up to 4 MiB: a run's signed event, with the largest policy and its live version. */
export function wantedTopics(replication = 1): WantedTopic[] {
  const common = {
    'max.message.bytes': String(4 * 1024 * 1024),
    'min.insync.replicas': String(minInSync(replication)),
    // Append time of the broker: with create time, it would always refuse records of a producer whose clock is an hour ahead (KIP-937).
    'message.timestamp.type': 'LogAppendTime',
  }
  const catalogue = TOPICS.map((topic) => ({
    name: topic.name,
    partitions: topic.partitions,
    replication,
    config: {
      ...common,
      ...(topic.cleanup === 'compact'
        ? {
            'cleanup.policy': 'compact',
            'segment.bytes': String(16 * 1024 * 1024),
            'segment.ms': String(60 * 60 * 1000),
            'min.cleanable.dirty.ratio': '0.1',
            'min.compaction.lag.ms': String(compactionLagMs(topic)),
            'max.compaction.lag.ms': String(compactionLagMs(topic) + 6 * 60 * 60 * 1000),
            'delete.retention.ms': String(RETENTION_MS),
          }
        : { 'cleanup.policy': 'delete', 'retention.ms': String(RETENTION_MS) }),
    },
  }))
  const letters = SERVICES.map((service) => ({
    name: deadLetterTopic(service),
    partitions: DEAD_LETTER_PARTITIONS,
    replication,
    // A dead letter contains the original bytes of the record plus the reason.
    config: {
      ...common,
      'max.message.bytes': String(5 * 1024 * 1024),
      'cleanup.policy': 'delete',
      'retention.ms': String(DEAD_LETTER_RETENTION_MS),
    },
  }))
  return [...catalogue, ...letters]
}

/** Returns the minimum age of a compacted record: a full retention if consumers need every event, because compaction leaves gaps. */
function compactionLagMs({ consumers, newestOnly }: Topic): number {
  return consumers.length > 0 && newestOnly !== true ? RETENTION_MS : 0
}

/** Compares the broker with the catalogue; an empty list means no difference. */
export async function diffTopics(kafka: Kafka, replication = 1): Promise<TopicDifference[]> {
  return withAdmin(kafka, (admin) => findDifferences(admin, wantedTopics(replication)))
}

/** Returns the topics that a service maintains: those it produces, and its dead letters. */
export function topicsOf(service: ServiceName, replication = 1): WantedTopic[] {
  const mine = TOPICS.filter((topic) => topic.producers[0] === service).map((topic) => topic.name)
  return wantedTopics(replication).filter(({ name }) => mine.includes(name) || name === deadLetterTopic(service))
}

/**
 * Creates missing topics and repairs others; returns the changes. Topics whose replicas must not or cannot be reassigned stay unchanged.
 * Throws `HMS_TOPICS_PARTITIONS` for a wrong count (a change would re-map keys) and `HMS_TOPICS_BROKERS` for more replicas than brokers.
 */
export async function applyTopics(
  kafka: Kafka,
  replication: number,
  all: readonly WantedTopic[] = wantedTopics(replication),
  { reassignReplicas = false, onUnchanged = requireReplicationFactor }: ApplyOptions = {},
): Promise<TopicDifference[]> {
  return withAdmin(kafka, async (admin) => {
    const differences = await findDifferences(admin, all)
    const partitions = differences.filter((difference) => difference.what === 'partitions')
    if (partitions.length > 0) {
      const detail = partitions.map(({ topic, wanted, found }) => `${topic} has ${found} partitions instead of ${wanted}`).join('; ')
      throw new HmsError(
        'HMS_TOPICS_PARTITIONS',
        `${detail}. The count cannot be changed: create a new major version of the topic and drain the old one.`,
        { status: 409, next: [action('topics.diff')] },
      )
    }
    const misreplicated = differences.filter((difference) => difference.what === 'replication')
    const unchanged = reassignReplicas ? await reassignTopics(admin, replication, misreplicated) : misreplicated
    const unchangedNames = new Set(unchanged.map((difference) => difference.topic))
    const changed = new Set(differences.map((difference) => difference.topic).filter((topic) => !unchangedNames.has(topic)))
    const missing = new Set(differences.filter((difference) => difference.what === 'missing').map((difference) => difference.topic))
    if (missing.size > 0) requireBrokers(replication, (await admin.describeCluster()).brokers.length)
    const wanted = all.filter((topic) => changed.has(topic.name))
    await admin.createTopics({
      // kafkajs' wait fails if the queried broker does not know the topic yet; `requireApplied` waits instead.
      waitForLeaders: false,
      timeout: 15_000,
      topics: wanted
        .filter((topic) => missing.has(topic.name))
        .map((topic) => ({
          topic: topic.name,
          numPartitions: topic.partitions,
          replicationFactor: topic.replication,
          configEntries: entriesOf(topic.config),
        })),
    })
    const repair = wanted.filter((topic) => !missing.has(topic.name))
    if (repair.length > 0) {
      await admin.alterConfigs({
        validateOnly: false,
        resources: repair.map((topic) => ({
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic.name,
          configEntries: entriesOf(topic.config),
        })),
      })
    }
    if (changed.size > 0) {
      const applied = all.filter((topic) => !unchangedNames.has(topic.name))
      // Until a change is applied, the broker returns the old state or "unknown topic".
      await requireApplied('changes', async () => (await findDifferences(admin, applied).catch(() => undefined))?.length === 0)
    }
    onUnchanged(unchanged)
    return differences.filter(({ topic }) => !unchangedNames.has(topic))
  })
}

/** Reassigns topics to the wanted number of replicas; returns the topics left unchanged because there are too few brokers. */
async function reassignTopics(admin: Admin, replication: number, misreplicated: readonly TopicDifference[]): Promise<TopicDifference[]> {
  if (misreplicated.length === 0) return []
  const brokers = (await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId)
  const names = misreplicated.map(({ topic }) => topic)
  const { topics } = await admin.fetchTopicMetadata({ topics: names })
  const moves = topics.map(({ name, partitions }) => ({ topic: name, assignments: replicaAssignments(replication, partitions, brokers) }))
  if (moves.some(({ assignments }) => assignments === undefined)) return [...misreplicated]
  await admin.alterPartitionReassignments({
    timeout: 15_000,
    topics: moves.map(({ topic, assignments }) => ({ topic, partitionAssignment: assignments! })),
  })
  const isReassigned = await pollUntil(systemClock, { everyMs: APPLY_POLL_MS, withinMs: REASSIGN_TIMEOUT_MS }, async () => {
    const { topics: active } = await admin.listPartitionReassignments({})
    return !active.some(({ topic }) => names.includes(topic))
  })
  if (isReassigned) return []
  throw new HmsError(
    'HMS_TOPICS_NOT_APPLIED',
    `Kafka is still copying the partitions of ${names.length} topics after ${REASSIGN_TIMEOUT_MS / 60_000} minutes. ` +
      `It continues in the background.`,
    { status: 503, next: [action('topics.diff')] },
  )
}

/**
 * Creates or repairs the topics of some services once at their start; retries while the broker is unavailable. Calls `onRefused` for a
 * wrong partition count or a refused login. A service that may not alter topics logs that and continues: its operator runs `topics apply`.
 */
export async function maintainTopics(
  kafka: Kafka,
  services: readonly ServiceName[],
  clock: Clock,
  log: Logger,
  onRefused: (error: HmsError) => void,
  replication = 1,
): Promise<void> {
  const wanted = services.flatMap((service) => topicsOf(service, replication))
  for (;;) {
    try {
      for (const { topic, what, wanted: setting, found } of await applyTopics(kafka, replication, wanted))
        log.warn({ topic, what, wanted: setting, found }, 'a topic differed from the catalogue and was repaired')
      return
    } catch (error) {
      if (error instanceof HmsError && ['HMS_TOPICS_PARTITIONS', 'HMS_BROKER_LOGIN'].includes(error.code)) return onRefused(error)
      if (isCausedBy(error, isDenied))
        return log.warn({ error: describeError(error) }, `this service may not maintain its topics; run \`${command('topics.apply')}\``)
      // Records are still replicated, but with fewer replicas than configured: an operator has to act, the service continues.
      if (error instanceof HmsError && error.code === 'HMS_TOPICS_REPLICATION')
        return log.error({ error: error.detail }, 'topics have a replication factor other than HMS_KAFKA_REPLICATION')
      if (error instanceof HmsError && error.code === 'HMS_TOPICS_BROKERS')
        log.error({ error: error.detail }, 'topics are missing and cannot be created yet')
      log.debug({ error: describeError(error) }, 'topics could not be checked; retrying')
      await pause(clock, RETRY_MS)
    }
  }
}

/** Waits until a change is applied: a broker applies it a moment after the controller has confirmed it. Throws `HMS_TOPICS_NOT_APPLIED`. */
export async function requireApplied(what: string, isApplied: () => Promise<boolean>): Promise<void> {
  if (await pollUntil(systemClock, { everyMs: APPLY_POLL_MS, withinMs: APPLY_TIMEOUT_MS }, isApplied)) return
  const detail = `Kafka accepted the ${what}, but does not show them after ${APPLY_TIMEOUT_MS / 1_000} s.`
  throw new HmsError('HMS_TOPICS_NOT_APPLIED', detail, { status: 503, next: [action('topics.diff')] })
}

async function findDifferences(admin: Admin, wanted: readonly WantedTopic[]): Promise<TopicDifference[]> {
  const existing = new Set(await admin.listTopics())
  const missing = wanted.filter((topic) => !existing.has(topic.name))
  const present = wanted.filter((topic) => existing.has(topic.name))
  const differences: TopicDifference[] = missing.map((topic) => ({
    topic: topic.name,
    what: 'missing',
    wanted: `${topic.partitions} partitions`,
    found: 'nothing',
  }))
  if (present.length === 0) return differences
  const { topics } = await admin.fetchTopicMetadata({ topics: present.map((topic) => topic.name) })
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: present.map((topic) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: topic.name,
      configNames: Object.keys(topic.config),
    })),
  })
  for (const topic of present) {
    const partitions = topics.find((entry) => entry.name === topic.name)?.partitions ?? []
    if (partitions.length !== topic.partitions)
      differences.push({ topic: topic.name, what: 'partitions', wanted: String(topic.partitions), found: String(partitions.length) })
    const replicas = otherReplicaCount(topic.replication, partitions)
    if (replicas !== undefined)
      differences.push({ topic: topic.name, what: 'replication', wanted: String(topic.replication), found: String(replicas) })
    const entries = resources.find((resource) => resource.resourceName === topic.name)?.configEntries ?? []
    for (const [name, value] of Object.entries(topic.config)) {
      const found = entries.find((entry) => entry.configName === name)?.configValue ?? ''
      if (found !== value) differences.push({ topic: topic.name, what: name, wanted: value, found })
    }
  }
  return differences
}

function entriesOf(config: Record<string, string>): { name: string; value: string }[] {
  return Object.entries(config).map(([name, value]) => ({ name, value }))
}
