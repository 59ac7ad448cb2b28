import { eventSummary, eventWords, EXIT, HmsError, TOPIC_NAMES, TOPICS, type TopicRecord } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { problemOf, usageError } from '../errors.js'
import { parseRunNumber, timeOf } from '../flags.js'
import { stopOnInterrupt } from '../stop-on-interrupt.js'
import { followServices, type Following } from './follow-services.js'

/** Follows topics until Ctrl-C: on the broker in distributed mode, through the services in embedded mode. */
export async function tailTopics(context: CliContext, topic: string | undefined, flags: { from?: string; run?: string }): Promise<number> {
  const { io, output } = context
  const topics = chooseTopics(topic)
  const run = flags.run === undefined ? undefined : parseRunNumber(flags.run)
  const since = flags.from === undefined ? undefined : timeOf('--from', flags.from, io.now())
  const following: Following = {
    topics,
    since,
    onReady: () => output.note(`Following ${topic === undefined ? 'all topics' : topics[0]}; Ctrl-C ends it.`),
    onRecord: (record) => {
      if (run === undefined || record.run === run) output.data(record, () => [describeRecord(record)])
    },
  }
  const stopper = stopOnInterrupt(io, true)
  try {
    const { followBroker } = await import('../hosting/topics.js')
    if (!(await followBroker(following, stopper.signal))) {
      const client = await context.client()
      const onError = (error: unknown): void => output.note(`! ${problemOf(error).detail} Retrying; nothing is lost.`)
      await followServices({ ...following, client, wait: stopper.wait, onError })
    }
    return EXIT.interrupted
  } finally {
    stopper.end()
  }
}

/** Topic that is followed only if it is named: it has whole documents, and a freshness statement every ten seconds. */
const ONLY_IF_NAMED = 'hms.config.state.v1'

/** Returns the topic with this name, or the only one whose subject contains `filter`; without `filter`, all topics but `ONLY_IF_NAMED`. */
export function chooseTopics(filter: string | undefined): string[] {
  if (filter === undefined) return TOPICS.map(({ name }) => name).filter((name) => name !== ONLY_IF_NAMED)
  if (TOPIC_NAMES.includes(filter)) return [filter]
  const whole = TOPIC_NAMES.filter((name) => subjectOf(name) === filter)
  const near = whole.length > 0 || filter === '' ? whole : TOPIC_NAMES.filter((name) => subjectOf(name).includes(filter))
  const [only, ...more] = near
  if (only === undefined)
    throw new HmsError('HMS_TOPIC_UNKNOWN', `No topic is named ${filter}`, { status: 404, next: ['hms-svc topics list'] })
  if (more.length > 0) {
    throw usageError(
      `${filter} may be ${near.join(', ')}: name one`,
      near.map((name) => `hms-svc topics tail ${name}`),
    )
  }
  return [only]
}

/** Returns `canary` of `hms.canary.v1`. */
function subjectOf(name: string): string {
  return name.split('.').slice(1, -1).join('.')
}

/** Formats `2026-01-01T00:00:00Z #12 epa-pm25-limit  canary paused  (LOW_POWER: too few events)  by canary-controller`. */
export function describeRecord({ at, run, key, type, source, topic, data }: TopicRecord): string {
  const about = key === null ? topic : key
  const words = data === null && !type.includes('given-up') ? `${eventWords(type)} (withdrawn)` : eventWords(type)
  const summary = eventSummary(data)
  const parts = [
    [at.replace(/\.\d+Z$/, 'Z'), run === null ? '' : `#${run}`, about].filter((part) => part !== '').join(' '),
    words,
    ...(summary === '' ? [] : [`(${summary})`]),
    `by ${source.replace(/^\/hms-svc\//, '') || 'no service'}`,
  ]
  return parts.join('  ')
}
