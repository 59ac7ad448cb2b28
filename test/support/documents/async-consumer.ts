import type { Format } from 'ajv'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { BusRecord } from '#libs/messaging'
import type { Schema } from './type-schemas.js'

interface Message {
  contentType?: string
  payload: Schema
  headers?: Schema
  bindings?: { kafka?: { key?: Schema } }
}

export interface AsyncApiDocument {
  channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }>
  operations: Record<string, { channel: { $ref: string }; messages?: { $ref: string }[] }>
  components: { messages: Record<string, Message>; schemas: Record<string, Schema> }
}

/** What a consumer read: the message that a record is, and its data; what it read of no message is a problem. */
export interface Consumed {
  message: string
  data: unknown
  problem?: string
}

const TIME: Format = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/

/**
 * A consumer that knows nothing but an AsyncAPI document: it takes a record for the message of its topic's operations whose headers and key match,
 * reads the value by the message's content type, and what `contentSchema` describes by its encoding.
 */
export class AsyncConsumer {
  private readonly ajv = new Ajv2020({ strict: false, formats: { 'date-time': TIME, uuid: /^[0-9a-f-]{36}$/ } })
  private readonly compiled = new Map<Schema, ValidateFunction>()

  constructor(private readonly document: AsyncApiDocument) {
    this.ajv.addSchema({ $id: 'document', components: { schemas: document.components.schemas } })
  }

  read({ topic, key, value, headers }: Pick<BusRecord, 'topic' | 'key' | 'value' | 'headers'>): Consumed {
    const matches = this.namesOn(topic).filter((name) => {
      const { headers: ofHeaders, payload, bindings } = this.document.components.messages[name]!
      const isTombstone = payload['type'] === 'null'
      return isTombstone === (value === null) && this.fits(ofHeaders, headers) && this.fits(bindings?.kafka?.key, key)
    })
    const [message, ...more] = matches
    if (message === undefined || more.length > 0)
      return { message: '', data: undefined, problem: `${topic}: it may be ${matches.join(', ')}` }
    const { payload, contentType } = this.document.components.messages[message]!
    // A message without a content type has that of each record.
    const isText = (contentType ?? headers['content-type'] ?? '').startsWith('text/plain')
    const content = value === null || isText ? value : (JSON.parse(value) as unknown)
    const problem = this.problemOf(payload, content)
    if (problem !== undefined) return { message, data: content, problem: `${message}: ${problem}` }
    return this.decoded(message, payload, content)
  }

  /** Names of the messages that an operation on the topic sends or receives; of one that lists none, all of its channel. */
  private namesOn(topic: string): string[] {
    const { channels, operations } = this.document
    const [name, channel] = Object.entries(channels).find(([, { address }]) => address === topic) ?? []
    const operation = Object.values(operations).find(({ channel: { $ref } }) => $ref === `#/channels/${name}`)
    return operation?.messages?.map(({ $ref }) => $ref.split('/').at(-1)!) ?? Object.keys(channel?.messages ?? {})
  }

  /** Reads the member that `contentSchema` describes; a message without one is its own data. */
  private decoded(message: string, payload: Schema, content: unknown): Consumed {
    const members = (payload['properties'] ?? {}) as Record<string, Schema>
    for (const [name, { contentSchema, contentEncoding }] of Object.entries(members)) {
      if (contentSchema === undefined || contentEncoding !== 'base64') continue
      const inner = JSON.parse(Buffer.from((content as Record<string, string>)[name]!, 'base64').toString()) as {
        predicate: { data: unknown }
      }
      const problem = this.problemOf(contentSchema as Schema, inner)
      return { message, data: inner.predicate.data, ...(problem === undefined ? {} : { problem: `${message}: ${problem}` }) }
    }
    return { message, data: content }
  }

  private fits(schema: Schema | undefined, value: unknown): boolean {
    return schema === undefined || this.problemOf(schema, value) === undefined
  }

  private problemOf(schema: Schema, value: unknown): string | undefined {
    let validate = this.compiled.get(schema)
    if (validate === undefined) {
      const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')
      this.compiled.set(schema, (validate = this.ajv.compile(JSON.parse(text) as Schema)))
    }
    return validate(value) ? undefined : this.ajv.errorsText(validate.errors)
  }
}
