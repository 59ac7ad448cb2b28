import { join } from 'node:path'
import {
  DEAD_LETTER_PARTITIONS,
  DEAD_LETTER_RETENTION_MS,
  deadLetterTopic,
  EVENT_TYPES,
  FRESHNESS_KEY,
  GIVEN_UP,
  HEARTBEAT_KEY,
  RETENTION_MS,
  SERVICES,
  TOPICS,
  topicsOfType,
  type EventType,
  type Topic,
} from '#libs/contracts'
import { PREDICATE_TYPES } from '#libs/signing'
import { ROOT } from '../../architecture/root.js'
import { exportedType, programOf } from './program.js'
import { TypeSchemas, type Schema } from './type-schemas.js'

const SIGNED =
  'Records are CloudEvents 1.0 in Kafka’s binary mode. The value is a DSSE envelope: `payload` is base64 of an in-toto statement, signed ' +
  'by the service that ce_source names; its predicate has the attributes of the event and its `data` (`contentSchema`). Operations name ' +
  'these records; the message of the same name without `.record` is the data alone. Headers are not signed. The header hms-summary ' +
  'reports in words what happened.'

const TRACEPARENT: Schema = { type: 'string', pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}' }
/** Headers of each record that a service writes. */
const COMMON: Record<string, Schema> = {
  'content-type': { type: 'string', description: 'Media type of the value.' },
  'hms-summary': { type: 'string', description: 'What happened, in words; for display only.' },
  traceparent: { ...TRACEPARENT, description: 'W3C Trace Context.' },
  tracestate: { type: 'string', description: 'W3C Trace Context, if the request that caused the record had one.' },
}
const HEADERS: Schema = {
  type: 'object',
  required: ['ce_specversion', 'ce_id', 'ce_source', 'ce_type', 'ce_time', 'ce_subject', 'ce_keyseq'],
  properties: {
    ...COMMON,
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
    ce_traceparent: TRACEPARENT,
  },
}

/** The signed statement of an event, whose predicate has its attributes and data. */
const STATEMENT: Schema = {
  type: 'object',
  required: ['_type', 'subject', 'predicateType', 'predicate'],
  properties: {
    _type: { const: 'https://in-toto.io/Statement/v1' },
    subject: { type: 'array', items: { type: 'object' } },
    predicateType: { const: PREDICATE_TYPES.event },
    predicate: {
      type: 'object',
      required: ['id', 'source', 'type', 'topic', 'key', 'keySeq', 'time', 'data'],
      properties: {
        id: { type: 'string' },
        source: { type: 'string' },
        type: { type: 'string' },
        topic: { type: 'string' },
        key: { type: 'string' },
        keySeq: { type: 'integer' },
        time: { type: 'string' },
        runId: { type: 'string' },
        attempt: { type: 'integer' },
        causationId: { type: 'string' },
        data: { type: 'object' },
      },
    },
  },
}

/** Keys of the records of a topic, by the key in its catalogue entry. */
const KEYS: Record<Topic['key'], Schema> = {
  policy: { type: 'string', description: 'Smallest policy id of the run.' },
  run: { type: 'string', pattern: '^[0-9]+$', description: 'Number of the run.' },
  roster: { type: 'string', pattern: '^[0-9]+$', description: 'Version of the roster.' },
  token: { type: 'string', description: 'Public id of the token.' },
  freeze: { type: 'string', description: 'Id of the freeze.' },
  partner: { type: 'string', description: 'Id of the partner.' },
  bot: { type: 'string', description: 'Id of the bot.' },
  document: { type: 'string', description: '`policy@scope`; `~freshness` for the freshness statement.' },
  letter: { type: 'string', description: '`SERVICE/ID` of the dead letter.' },
  original: { type: 'string', description: 'Key of the original record.' },
}
/** Types whose key is not that of their topic. */
const OWN_KEYS: Partial<Record<EventType, Schema>> = { 'hms.state.vouched.v1': { type: 'string', const: FRESHNESS_KEY } }

const KAFKA_SERVERS = ['kafka', 'kafka-secure'].map((name) => ({ $ref: `#/servers/${name}` }))
const HTTP_SERVERS = ['wss', 'https', 'dev-ws', 'dev-http'].map((name) => ({ $ref: `#/servers/${name}` }))

/** Returns the AsyncAPI 3.1 document: topics from the catalogue, payloads from the types of `EventData`, and the streams to readers. */
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
    servers: servers(),
    channels: {
      ...Object.fromEntries(TOPICS.map((topic) => [topic.name, channelOf(topic)])),
      ...deadLetterChannels(),
      ...streamChannels(),
    },
    operations: { ...Object.fromEntries(TOPICS.flatMap(operationsOf)), ...deadLetterOperations(), ...streamOperations() },
    components: { messages: messages(), schemas: schemas() },
  }
}

function servers(): Record<string, object> {
  const brokers = { description: 'HMS_KAFKA_BROKERS.', default: '127.0.0.1:9092' }
  const name = { description: 'Name under which edge, or config-store, is reached.', default: 'hms.agency.gov' }
  return {
    kafka: { host: '{brokers}', protocol: 'kafka', description: 'Brokers without TLS.', variables: { brokers } },
    'kafka-secure': {
      host: '{brokers}',
      protocol: 'kafka-secure',
      description: 'Brokers with TLS (HMS_KAFKA_SSL).',
      variables: { brokers },
    },
    wss: { host: '{name}', protocol: 'wss', description: 'Edge behind TLS.', variables: { name } },
    https: { host: '{name}', protocol: 'https', description: 'Edge behind TLS.', variables: { name } },
    'dev-ws': { host: '127.0.0.1:7184', protocol: 'ws', description: '`hms-svc dev`.' },
    'dev-http': { host: '127.0.0.1:7184', protocol: 'http', description: '`hms-svc dev`.' },
  }
}

/** Returns the event types of a topic; for a stage's topic including `STAGE_EVENTS`. */
function typesOn(topic: string): EventType[] {
  return EVENT_TYPES.filter((type) => topicsOfType(type, 'audit').includes(topic))
}

/** Returns the names of the messages that are the records of a topic. The others of its channel are the data in these. */
function recordsOn({ name, key, cleanup }: Topic): string[] {
  return [...typesOn(name).map(recordOf), ...(cleanup === 'compact' ? ['heartbeat', 'tombstone'] : []), ...(key === 'bot' ? ['alert'] : [])]
}

function recordOf(type: EventType): string {
  return `${type}.record`
}

function referred(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]))
}

function channelOf(topic: Topic): object {
  const { name, purpose, key, partitions, cleanup } = topic
  const retention = cleanup === 'delete' ? { 'retention.ms': RETENTION_MS } : {}
  return {
    address: name,
    description: purpose,
    servers: KAFKA_SERVERS,
    messages: referred([...typesOn(name), ...recordsOn(topic)]),
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
      const description = `dead letters of ${service}`
      return [name, { address: name, description, servers: KAFKA_SERVERS, messages: referred([GIVEN_UP]), bindings }]
    }),
  )
}

const STREAM_QUERY: Schema = {
  type: 'object',
  properties: {
    revision: { type: 'integer', minimum: 0, description: 'Revision that this reader has already: it gets the changes after it.' },
    policies: { type: 'string', description: 'Ids of the policies that this reader uses, separated by commas; absent: all.' },
    bot: { type: 'string', description: 'Name of the bot that reads.' },
    region: { type: 'string', description: 'Region of the reader.' },
  },
}

function streamChannels(): Record<string, object> {
  const frames = ['frame', 'signal']
  return {
    '/v1/stream': {
      address: '/v1/stream',
      description: 'policies in force and each change, as frames of a WebSocket; a named bot acknowledges what it applies',
      servers: HTTP_SERVERS.filter(({ $ref }) => $ref.includes('ws')),
      messages: referred([...frames, 'applied']),
      bindings: { ws: { method: 'GET', query: STREAM_QUERY } },
    },
    '/v1/events': {
      address: '/v1/events',
      description: 'policies in force and each change, as Server-Sent Events: `data` is the frame, `id` its revision',
      servers: HTTP_SERVERS.filter(({ $ref }) => $ref.includes('http')),
      messages: referred(frames),
    },
  }
}

function streamOperations(): Record<string, object> {
  const of = (action: string, path: string, summary: string, names: string[], more: object = {}): [string, object] => {
    const pointer = `#/channels/${path.replaceAll('/', '~1')}`
    const messages = names.map((name) => ({ $ref: `${pointer}/messages/${name}` }))
    return [`config-store.${action}.${path}`, { action, channel: { $ref: pointer }, summary, messages, ...more }]
  }
  const http = { bindings: { http: { method: 'GET', query: STREAM_QUERY } } }
  return Object.fromEntries([
    of('send', '/v1/stream', 'config-store sends frames to readers', ['frame', 'signal']),
    of('receive', '/v1/stream', 'config-store receives acknowledgements of bots', ['applied']),
    of('send', '/v1/events', 'config-store sends frames to readers', ['frame', 'signal'], http),
  ])
}

function deadLetterOperations(): Record<string, object> {
  return Object.fromEntries(
    SERVICES.map((service) => {
      const name = deadLetterTopic(service)
      const summary = `${service} writes ${name}`
      return [`${service}.send.${name}`, { action: 'send', channel: { $ref: `#/channels/${name}` }, summary }]
    }),
  )
}

function operationsOf(topic: Topic): [string, object][] {
  const { name, producers, consumers } = topic
  const channel = { $ref: `#/channels/${name}` }
  const messages = recordsOn(topic).map((record) => ({ $ref: `${channel.$ref}/messages/${record}` }))
  const operation = (action: 'send' | 'receive', service: string): [string, object] => [
    `${service}.${action}.${name}`,
    { action, channel, summary: `${service} ${action === 'send' ? 'writes' : 'reads'} ${name}`, messages },
  ]
  return [...producers.map((service) => operation('send', service)), ...consumers.map((service) => operation('receive', service))]
}

function messages(): Record<string, object> {
  return {
    ...Object.fromEntries(EVENT_TYPES.map((type) => [type, dataMessage(type)])),
    ...Object.fromEntries(EVENT_TYPES.map((type) => [recordOf(type), recordMessage(type)])),
    ...otherMessages(),
  }
}

/** Returns the data of an event, for tools that do not read `contentSchema`. No operation has it: it is never the value of a record. */
function dataMessage(type: EventType): object {
  const summary = `data of the event, as left once the envelope of ${recordOf(type)} is verified and opened`
  return { name: type, summary, payload: { $ref: `#/components/schemas/${type}` } }
}

/** Returns the record of an event: its envelope, whose payload contains the data in base64. */
function recordMessage(type: EventType): object {
  const topics = topicsOfType(type, 'audit')
  const key = OWN_KEYS[type] ?? KEYS[TOPICS.find(({ name }) => name === topics[0])!.key]
  const data = { $ref: `#/components/schemas/${type}` }
  const predicate = { properties: { type: { const: type }, topic: { enum: topics }, data }, required: ['data'] }
  const statement = { allOf: [{ $ref: '#/components/schemas/EventStatement' }], properties: { predicate } }
  const inBase64 = { contentEncoding: 'base64', contentMediaType: 'application/json', contentSchema: statement }
  return {
    name: recordOf(type),
    contentType: 'application/json',
    payload: { allOf: [{ $ref: '#/components/schemas/Envelope' }], properties: { payload: inBase64 } },
    headers: { allOf: [{ $ref: '#/components/schemas/CloudEvent' }], properties: { ce_type: { const: type } } },
    bindings: { kafka: { key } },
  }
}

/** Returns the records that are no events, and the frames of the streams. */
function otherMessages(): Record<string, object> {
  const own = { type: 'object', required: ['content-type', 'hms-summary', 'traceparent'], properties: COMMON }
  const letter = Object.fromEntries(
    ['hms-dlq-id', 'hms-dlq-code', 'hms-dlq-detail', 'hms-dlq-topic', 'hms-dlq-position', 'hms-dlq-value'].map((name) => [
      name,
      { type: 'string' },
    ]),
  )
  const letterHeaders = { required: Object.keys(letter).slice(0, 5), properties: { ce_type: { const: GIVEN_UP }, ...letter } }
  const ofType = (types: string[]): Schema => ({ properties: { type: { enum: types } } })
  return {
    [GIVEN_UP]: {
      name: GIVEN_UP,
      summary: 'a record as it came, with why it was given up in its headers; content-type describes the value',
      payload: {},
      headers: { allOf: [{ $ref: '#/components/schemas/CloudEvent' }], ...letterHeaders },
      bindings: { kafka: { key: KEYS.original } },
    },
    heartbeat: {
      name: 'heartbeat',
      summary: 'keeps the compaction of the topic going, and is no event',
      contentType: 'text/plain',
      payload: { type: 'string', format: 'date-time' },
      headers: own,
      bindings: { kafka: { key: { type: 'string', const: HEARTBEAT_KEY } } },
    },
    tombstone: {
      name: 'tombstone',
      summary: 'deletes its key: the record has no value',
      payload: { type: 'null' },
      headers: { $ref: '#/components/schemas/CloudEvent' },
      bindings: { kafka: { key: { type: 'string' } } },
    },
    alert: {
      name: 'alert',
      summary: 'an alert that a bot wrote itself: the body of POST /v1/alerts, without envelope and without ce_source',
      contentType: 'application/json',
      payload: { $ref: '#/components/schemas/BotAlert' },
      headers: { type: 'object', properties: { ce_source: false } },
      bindings: { kafka: { key: KEYS.bot } },
    },
    frame: {
      name: 'frame',
      summary: 'documents in force, or a change of them',
      payload: { allOf: [{ $ref: '#/components/schemas/StreamFrame' }], ...ofType(['snapshot', 'change']) },
    },
    signal: {
      name: 'signal',
      summary: 'a heartbeat, or the last frame before the server stops',
      payload: { type: 'object', required: ['type', 'revision'], ...ofType(['heartbeat', 'goodbye']) },
    },
    applied: {
      name: 'applied',
      summary: 'what a named bot applies',
      payload: { $ref: '#/components/schemas/AppliedFrame' },
    },
  }
}

function schemas(): Record<string, Schema> {
  const file = join(ROOT, 'libs/contracts/src/events.ts')
  const delivery = join(ROOT, 'libs/contracts/src/api/delivery.ts')
  const program = programOf([file, delivery])
  const checker = program.getTypeChecker()
  const schemas = new TypeSchemas(checker, 'components/schemas')
  const types = checker
    .getPropertiesOfType(exportedType(program, file, 'EventData'))
    .map((property) => [property.name, schemas.of(checker.getTypeOfSymbol(property))] as const)
  for (const name of ['StreamFrame', 'AppliedFrame']) schemas.of(exportedType(program, delivery, name))
  schemas.of(exportedType(program, join(ROOT, 'libs/contracts/src/bots.ts'), 'BotAlert'))
  const named = Object.entries(schemas.definitions).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { ...Object.fromEntries(types), ...Object.fromEntries(named), EventStatement: STATEMENT, CloudEvent: HEADERS }
}
