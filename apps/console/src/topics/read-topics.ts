import {
  SERVICES,
  TOPICS,
  type DeadLetterSummary,
  type ServiceLag,
  type ServiceName,
  type Topic,
  type TopicActivity,
} from '#libs/contracts'
import { mapAnswer, valueOf, type Answer, type Read } from '../reading/answer.js'

const MAX_LETTERS = 200

/** How far one reader of a topic is. `unknown`: its service does not say. */
export type ReaderLag =
  | { reader: ServiceName; known: true; messages: number; seconds: number; oldest?: { run: number | null; at: string } }
  | { reader: ServiceName; known: false; why: Answer<never> }

export interface TopicRow {
  topic: Topic
  /** Per minute, the oldest first; absent while nobody says. */
  perMinute?: readonly number[]
  readers: ReaderLag[]
  letters: DeadLetterSummary[]
}

export interface TopicsFound {
  rows: TopicRow[]
  activity: Answer<TopicActivity[]>
  /** By service; letters of one that is away are not known. */
  letters: Answer<DeadLetterSummary[]>[]
  /** All that were loaded, also those of topics outside the catalogue. */
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
    // A topic that nobody has written to yet is not known to every log.
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

/** Dead letters that wait for a person, of every service. */
export function readLetters(read: Read): Promise<Answer<DeadLetterSummary[]>[]> {
  return Promise.all(SERVICES.map((service) => read<DeadLetterSummary[]>(`/v1/dead-letters/${service}?state=waiting&limit=${MAX_LETTERS}`)))
}

function lagOf(reader: ServiceName, topic: string, answer: Answer<ServiceLag[]>): ReaderLag {
  if (answer.kind !== 'loaded') return { reader, known: false, why: mapAnswer(answer, () => undefined as never) }
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
