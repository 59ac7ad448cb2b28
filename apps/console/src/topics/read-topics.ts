import {
  EVENT_TOPICS,
  SERVICES,
  STAGE_TOPICS,
  TOPICS,
  type AuditEntry,
  type DeadLetterSummary,
  type ServiceLag,
  type ServiceName,
  type Topic,
  type TopicActivity,
  type TopicRecord,
  type TopicRecords,
} from '#libs/contracts'
import { count } from '../layout/parts.js'
import { mapAnswer, valueOf, type Answer, type Read } from '../reading/answer.js'

const MAX_LETTERS = 200
/** Newest records of a topic, and newest entries of the log, that a page reads. */
const [MAX_RECORDS, MAX_ENTRIES] = [200, 1_000] as const

/** Position of one consumer of a topic. `unknown`: its service does not report it. */
export type ReaderLag =
  | { reader: ServiceName; known: true; messages: number; seconds: number; oldest?: { run: number | null; at: string } }
  | { reader: ServiceName; known: false }

export interface TopicRow {
  topic: Topic
  /** Events in each minute, the oldest minute first; absent if not known. */
  perMinute?: readonly number[]
  readers: ReaderLag[]
  letters: DeadLetterSummary[]
}

export interface TopicsFound {
  rows: TopicRow[]
  activity: Answer<TopicActivity[]>
  /** Dead letters by service; not known for a service that is away. */
  letters: Answer<DeadLetterSummary[]>[]
  /** All dead letters that were loaded, also of topics outside the catalogue. */
  waiting: DeadLetterSummary[]
}

/** All topics of the catalogue: the bus says how much is written, each service how far it is and what it gave up. */
export async function readTopics(read: Read): Promise<TopicsFound> {
  const [activity, lags, letters] = await Promise.all([
    read<TopicActivity[]>('/v1/topics'),
    Promise.all(SERVICES.map(async (service) => [service, await read<ServiceLag[]>(`/v1/groups/${service}`)] as const)),
    readLetters(read),
  ])
  const known = new Map(lags)
  const waiting = letters.flatMap((answer) => valueOf(answer) ?? [])
  const rows = TOPICS.map((topic): TopicRow => {
    const written = valueOf(activity)
    // A topic without records is not known to every log.
    const perMinute = written === undefined ? undefined : (written.find((each) => each.topic === topic.name)?.perMinute ?? [])
    return {
      topic,
      ...(perMinute === undefined ? {} : { perMinute }),
      readers: topic.consumers.map((reader) => lagOf(reader, topic.name, known.get(reader)!)),
      letters: waiting.filter((letter) => letter.topic === topic.name),
    }
  })
  return { rows, activity, letters, waiting }
}

/** Counts letters in words: `at least 200 messages` if a service may have more than were read. */
export function letterCount(answers: readonly Answer<unknown[]>[], letters: number, noun: string): string {
  return `${answers.some((answer) => valueOf(answer)?.length === MAX_LETTERS) ? 'at least ' : ''}${count(letters, noun)}`
}

/** Dead letters that wait for a person, of every service. */
export function readLetters(read: Read): Promise<Answer<DeadLetterSummary[]>[]> {
  return Promise.all(SERVICES.map((service) => read<DeadLetterSummary[]>(`/v1/dead-letters/${service}?state=waiting&limit=${MAX_LETTERS}`)))
}

function lagOf(reader: ServiceName, topic: string, answer: Answer<ServiceLag[]>): ReaderLag {
  if (answer.kind !== 'loaded') return { reader, known: false }
  const groups = answer.value.find((lag) => lag.topic === topic)?.groups ?? []
  const oldest = groups.flatMap((group) => group.oldest ?? []).toSorted((a, b) => (a.at < b.at ? -1 : 1))[0]
  return {
    reader,
    known: true,
    messages: groups.reduce((sum, { messages }) => sum + messages, 0),
    seconds: Math.max(0, ...groups.map(({ seconds }) => seconds)),
    ...(oldest === undefined ? {} : { oldest }),
  }
}

/** Reads the newest events of a topic, newest first. If the bus is a broker, the events come from the audit log, without their data. */
export async function readEvents(read: Read, topic: string): Promise<Answer<TopicRecord[]>> {
  const answer = await read<TopicRecords>(`/v1/topics/records?topics=${topic}&order=newest&limit=${MAX_RECORDS}`)
  if (answer.kind !== 'away' || !answer.detail.includes('HMS_TOPICS_AT_BROKER'))
    return mapAnswer(answer, ({ records }) => records.toReversed())
  const entries = await read<AuditEntry[]>(`/v1/audit/entries?order=newest&limit=${MAX_ENTRIES}`)
  return mapAnswer(entries, (all) =>
    all
      .filter((entry) => topicOf(entry) === topic)
      .map(({ index, event, ...entry }) => ({ ...entry, topic, position: String(index), id: event, attempt: null, data: undefined })),
  )
}

function topicOf({ type, source }: AuditEntry): string | undefined {
  const topics: Record<string, string | undefined> = EVENT_TOPICS
  return topics[type] ?? STAGE_TOPICS[source.replace(/^\/hms-svc\//, '') as ServiceName]
}
