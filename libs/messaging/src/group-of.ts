import { TOPICS, type ServiceName } from '#libs/contracts'

/** The group in which a service reads a topic, as the catalogue has it. */
export function groupOf(service: ServiceName, topic: string): string {
  const group = TOPICS.find(({ name }) => name === topic)?.group
  return group === undefined ? service : `${service}.${group}`
}
