import { join } from 'node:path'
import {
  DEAD_LETTER_PARTITIONS,
  DEAD_LETTER_RETENTION_MS,
  deadLetterTopic,
  EVENT_TYPES,
  GIVEN_UP,
  RETENTION_MS,
  SERVICES,
  TOPICS,
  topicsOfType,
  type EventType,
  type Topic,
} from '#libs/contracts'
import { ROOT } from '../../architecture/root.js'
import { exportedType, programOf } from './program.js'
import { TypeSchemas, type Schema } from './type-schemas.js'

const SIGNED =
  'Records are CloudEvents 1.0 in Kafka’s binary mode. The value is a DSSE envelope around an in-toto statement, signed by the service ' +
  'that ce_source names; the payloads below are what stands in its predicate under `data`.'

const HEADERS: Schema = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time', 'ce_subject', 'ce_keyseq'],
  properties: {
    ce_specversion: { const: '1.0' },
    ce_id: { type: 'string', format: 'uuid' },
    ce_source: { type: 'string' },
    ce_type: { type: 'string' },
    ce_time: { type: 'string', format: 'date-time' },
    ce_subject: { type: 'string', description: 'The key of the record.' },
    ce_keyseq: { type: 'string', description: 'Number of the event under its key: 1, 2, 3 …' },
    ce_runid: { type: 'string' },
    ce_attempt: { type: 'string' },
    ce_causationid: { type: 'string' },
    ce_traceparent: { type: 'string' },
  },
}

/** Returns the AsyncAPI 3.1 document of the whole choreography: topics from the catalogue, payloads from the types of `EventData`. */
export function asyncApiFromSources(): object {
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'HMS-SVC choreography',
      version: '0.0.0',
      description: `A signed YAML policy becomes a live rule. ${SIGNED}`,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: { ...Object.fromEntries(TOPICS.map((topic) => [topic.name, channelOf(topic)])), ...deadLetterChannels() },
    operations: Object.fromEntries(TOPICS.flatMap(operationsOf)),
    components: { messages: messages(), schemas: schemas() },
  }
}

/** Returns the event types of a topic; for a stage's topic including `STAGE_EVENTS`. */
function typesOn(topic: string): EventType[] {
  return EVENT_TYPES.filter((type) => topicsOfType(type, 'audit').includes(topic))
}

function channelOf({ name, purpose, key, partitions, cleanup }: Topic): object {
  const retention = cleanup === 'delete' ? { 'retention.ms': RETENTION_MS } : {}
  return {
    address: name,
    description: purpose,
    messages: Object.fromEntries(typesOn(name).map((type) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: { kafka: { partitions, topicConfiguration: { 'cleanup.policy': [cleanup], ...retention } } },
    'x-key': key,
  }
}

function deadLetterChannels(): Record<string, object> {
  return Object.fromEntries(
    SERVICES.map((service) => {
      const name = deadLetterTopic(service)
      const topicConfiguration = { 'cleanup.policy': ['delete'], 'retention.ms': DEAD_LETTER_RETENTION_MS }
      const bindings = { kafka: { partitions: DEAD_LETTER_PARTITIONS, topicConfiguration } }
      const given = { $ref: `#/components/messages/${GIVEN_UP}` }
      return [name, { address: name, description: `dead letters of ${service}`, messages: { [GIVEN_UP]: given }, bindings }]
    }),
  )
}

function operationsOf({ name, producers, consumers }: Topic): [string, object][] {
  const channel = { $ref: `#/channels/${name}` }
  const operation = (action: 'send' | 'receive', service: string): [string, object] => [
    `${service}.${action}.${name}`,
    { action, channel, summary: `${service} ${action === 'send' ? 'writes' : 'reads'} ${name}` },
  ]
  return [...producers.map((service) => operation('send', service)), ...consumers.map((service) => operation('receive', service))]
}

function messages(): Record<string, object> {
  const event = (type: EventType): object => ({
    name: type,
    payload: { $ref: `#/components/schemas/${type}` },
    headers: { $ref: '#/components/schemas/CloudEvent' },
  })
  const givenUp = { name: GIVEN_UP, summary: 'a record as it came, with why it was given up in its headers', payload: {} }
  return { ...Object.fromEntries(EVENT_TYPES.map((type) => [type, event(type)])), [GIVEN_UP]: givenUp }
}

function schemas(): Record<string, Schema> {
  const file = join(ROOT, 'libs/contracts/src/events.ts')
  const program = programOf([file])
  const checker = program.getTypeChecker()
  const schemas = new TypeSchemas(checker, 'components/schemas')
  const types = checker
    .getPropertiesOfType(exportedType(program, file, 'EventData'))
    .map((property) => [property.name, schemas.of(checker.getTypeOfSymbol(property))] as const)
  const named = Object.entries(schemas.definitions).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { ...Object.fromEntries(types), ...Object.fromEntries(named), CloudEvent: HEADERS }
}
