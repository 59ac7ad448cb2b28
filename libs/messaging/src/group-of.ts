import { TOPICS, type ServiceName } from '#libs/contracts'

/** Returns the consumer group in which a service reads a topic, according to the topic catalogue. */
export function groupOf(service: ServiceName, topic: string): string {
  const group = TOPICS.find(({ name }) => name === topic)?.group
  return group === undefined ? service : `${service}.${group}`
}
