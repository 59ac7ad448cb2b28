import { eventsAMinute, SERVICES, TOPICS, type ServiceLag, type TopicActivity, type TopicReport } from '#libs/contracts'
import type { ApiClient } from '#libs/client'
import type { CliContext } from '../context.js'
import { callServices, LETTERS_COUNTED, waitingLetters } from '../dead-letters/all-services.js'
import { problemOf } from '../errors.js'

/** Lists all topics of the catalogue with what the services report. The bus may lack topics without records. */
export async function listTopics(context: CliContext): Promise<void> {
  const { output } = context
  const client = await context.client()
  const [figures, letters] = await Promise.all([readFigures(client), waitingLetters(client)])
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
  for (const [service, error] of new Map([...figures.unreachable, ...letters.unreachable].map((each) => [each.service, each.error])))
    output.error(`! ${service} does not respond; its lag in seconds and its dead letters are unknown: ${problemOf(error).detail}`)
  for (const { service, answer } of letters.answers)
    if (answer.length === LETTERS_COUNTED)
      output.note(`Of ${service} the newest ${LETTERS_COUNTED} dead letters are counted; there may be more.`)
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

export type TopicFigures = Omit<TopicActivity, 'groups'> & Pick<TopicReport, 'lag'>

/** Reads topics from the bus, and lag from the services, which alone know the lag in time. `unreachable`: services that did not report. */
export async function readFigures(client: ApiClient) {
  const [activity, { answers, unreachable }] = await Promise.all([
    client.get('/v1/topics'),
    callServices(SERVICES, (service) => client.get('/v1/groups/{service}', { service })),
  ])
  const reported = answers.flatMap(({ answer }) => answer)
  const topics = activity.map(({ groups, ...topic }) => ({ ...topic, lag: lagOf(topic.topic, groups, reported) }))
  return { topics, unreachable }
}

/** Computes the lag of each group. Pure. A group that no service reported has the lag in messages from the bus, and no lag in time. */
function lagOf(topic: string, groups: TopicActivity['groups'], reported: readonly ServiceLag[]): TopicReport['lag'][number][] {
  const own = reported.filter((lag) => lag.topic === topic).flatMap((lag) => lag.groups)
  const others = groups.filter(({ group }) => !own.some((each) => each.group === group))
  return [...own, ...others.map(({ group, messages }) => ({ group, messages, seconds: null }))].sort((a, b) => (a.group < b.group ? -1 : 1))
}
