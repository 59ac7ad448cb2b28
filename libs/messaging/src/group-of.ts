import { TOPICS, type ServiceName } from '#libs/contracts'

/** Returns the catalogue's consumer group of a service for a topic. */
export function groupOf(service: ServiceName, topic: string): string {
  const group = TOPICS.find(({ name }) => name === topic)?.group
  return group === undefined ? service : `${service}.${group}`
}
