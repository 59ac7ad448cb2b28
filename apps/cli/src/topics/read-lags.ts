import type { ApiClient } from '#libs/client'
import { SERVICES, type ServiceLag, type TopicActivity, type TopicReport } from '#libs/contracts'
import { askServices, type Answers } from '../dead-letters/all-services.js'

export type GroupLag = TopicReport['lag'][number]

export interface TopicFigures extends Omit<TopicActivity, 'groups'> {
  lag: GroupLag[]
}

export interface FiguresFound {
  topics: TopicFigures[]
  /** Services that did not report their lag. */
  silent: Answers<unknown>['silent']
}

/**
 * Reads the bus's figures of each topic, with the lag as each service reports its own: only the process that reads a topic knows the age of
 * its oldest unhandled event.
 */
export async function readFigures(client: ApiClient): Promise<FiguresFound> {
  const [activity, { answers, silent }] = await Promise.all([
    client.get('/v1/topics'),
    askServices(SERVICES, (service) => client.get('/v1/groups/{service}', { service })),
  ])
  const reported = answers.flatMap(({ answer }) => answer)
  const topics = activity.map(({ groups, ...topic }) => ({ ...topic, lag: lagOf(topic.topic, groups, reported) }))
  return { topics, silent }
}

/** Computes the lag of each group. Pure. A group that no service reported has the lag in messages from the bus, and no lag in time. */
export function lagOf(topic: string, groups: TopicActivity['groups'], reported: readonly ServiceLag[]): GroupLag[] {
  const own = reported.filter((lag) => lag.topic === topic).flatMap((lag) => lag.groups)
  const others = groups.filter(({ group }) => !own.some((each) => each.group === group))
  return [...own, ...others.map(({ group, messages }) => ({ group, messages, seconds: null }))].sort((a, b) => (a.group < b.group ? -1 : 1))
}
