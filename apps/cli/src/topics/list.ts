import { eventsAMinute, SERVICES, TOPICS, type TopicReport } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { askServices } from '../dead-letters/all-services.js'
import { problemOf } from '../errors.js'
import { readFigures } from './read-lags.js'

/** Limit of a service's response. */
const MAX_LETTERS = 1_000

/** Lists the catalogue with the services' state of each topic: a topic without records does not exist on every log. */
export async function listTopics(context: CliContext): Promise<void> {
  const { output } = context
  const client = await context.client()
  const [figures, letters] = await Promise.all([
    readFigures(client),
    askServices(SERVICES, (service) => client.get('/v1/dead-letters/{service}', { service, state: 'waiting', limit: MAX_LETTERS })),
  ])
  const waiting = letters.answers.flatMap(({ answer }) => answer)
  const reports: TopicReport[] = TOPICS.map(({ name, purpose, partitions }) => {
    const { messages = 0, perMinute = [], lag = [] } = figures.topics.find(({ topic }) => topic === name) ?? {}
    return { name, purpose, partitions, messages, perMinute, lag, letters: waiting.filter(({ topic }) => topic === name).length }
  })
  output.list(
    reports,
    {
      TOPIC: 'name',
      'EVENTS/MIN': ({ perMinute }) => eventsAMinute(perMinute),
      LAG: lagText,
      'DEAD LETTERS': 'letters',
      MESSAGES: 'messages',
      PARTITIONS: 'partitions',
      PURPOSE: 'purpose',
    },
    'The catalogue is empty.',
  )
  for (const [service, error] of new Map([...figures.silent, ...letters.silent].map((each) => [each.service, each.error])))
    output.error(`! ${service} does not answer; its lag in seconds and its dead letters are not known: ${problemOf(error).detail}`)
  for (const { service, answer } of letters.answers)
    if (answer.length === MAX_LETTERS) output.note(`Of ${service} the newest ${MAX_LETTERS} dead letters are counted; there may be more.`)
}

function lagText({ lag }: TopicReport): string {
  const behind = lag.filter(({ messages }) => messages > 0)
  if (behind.length === 0) return '0'
  return behind
    .map(({ group, messages, seconds }) => {
      const age = seconds === null ? 'not known how long' : `${Math.round(seconds)} s`
      return `${group} ${messages} ${messages === 1 ? 'message' : 'messages'}, ${age}`
    })
    .join('; ')
}
