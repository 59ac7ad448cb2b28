import { deadLetterTopic, EVENT_TOPICS, SERVICES, TOPICS } from '#libs/contracts'
import { GIVEN_UP } from '#libs/messaging'

/** AsyncAPI 3.0 of the whole choreography, from the same catalogue that `topics apply` uses. */
export function asyncApi(version: string): object {
  const channels: Record<string, object> = {}
  const operations: Record<string, object> = {}
  for (const topic of TOPICS) {
    const types = Object.entries(EVENT_TOPICS)
      .filter(([, name]) => name === topic.name)
      .map(([type]) => type)
    channels[topic.name] = {
      address: topic.name,
      description: topic.purpose,
      messages: Object.fromEntries(types.map((type) => [type, { name: type, contentType: 'application/json' }])),
      bindings: { kafka: { partitions: topic.partitions, topicConfiguration: { 'cleanup.policy': [topic.cleanup] } } },
    }
    for (const producer of topic.producers)
      operations[`${producer}.send.${topic.name}`] = { action: 'send', channel: { $ref: `#/channels/${topic.name}` } }
    for (const consumer of topic.consumers)
      operations[`${consumer}.receive.${topic.name}`] = { action: 'receive', channel: { $ref: `#/channels/${topic.name}` } }
  }
  for (const service of SERVICES) {
    const messages = { [GIVEN_UP]: { name: GIVEN_UP, description: 'a record as it came, with why it was given up in its headers' } }
    channels[deadLetterTopic(service)] = { address: deadLetterTopic(service), description: `dead letters of ${service}`, messages }
  }
  return { asyncapi: '3.0.0', info: { title: 'HMS-SVC choreography', version }, channels, operations }
}
