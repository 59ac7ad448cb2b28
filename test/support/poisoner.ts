import { randomBytes } from 'node:crypto'
import { loadIdentity, type Identity } from '#libs/client'
import type { JsonObject, ServiceName } from '#libs/contracts'
import { createKafka, headersOf, SOURCE_PREFIX } from '#libs/messaging'
import { pause, silentLogger, systemClock, uuidv7 } from '#libs/platform'
import { signEvent } from '#libs/signing'
import type { IHeaders, Kafka, Producer } from 'kafkajs'

export interface Poison {
  topic: string
  key: string | Buffer | null
  value: string | Buffer | null
  headers?: IHeaders
}

export interface Forgery {
  topic: string
  type: string
  key: string
  /** Whose name stands on it. */
  producer: ServiceName
  /** Whose key signs; the producer's own unless given. */
  signedBy?: ServiceName
  keySeq?: number
  run?: number
  data: JsonObject
}

/** Somebody who may write to the broker, and in a test also holds the services' keys. */
export class Poisoner {
  private constructor(
    private readonly kafka: Kafka,
    private readonly producer: Producer,
    private readonly identity: Identity,
  ) {}

  static async open(brokers: string[], dataDir: string): Promise<Poisoner> {
    const kafka = createKafka({ brokers, clientId: 'poisoner' }, silentLogger)
    const producer = kafka.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    return new Poisoner(kafka, producer, await loadIdentity(dataDir))
  }

  async send({ topic, key, value, headers }: Poison): Promise<void> {
    await this.producer.send({ topic, acks: -1, messages: [{ key, value, headers }] })
  }

  /** A record as the producer's relay would have sent it. */
  async forge(forgery: Forgery): Promise<Poison> {
    const { topic, type, key, producer, signedBy = producer, keySeq = 1, run, data } = forgery
    const of = run === undefined ? {} : { runId: String(run), attempt: 1 }
    const head = { id: uuidv7(), source: `${SOURCE_PREFIX}${producer}`, type, topic, key, keySeq, time: new Date().toISOString(), ...of }
    const envelope = await signEvent({ ...head, data }, this.identity.serviceSigner(signedBy))
    return { topic, key, value: JSON.stringify(envelope), headers: headersOf({ ...head, value: null }) }
  }

  /** Rubbish for one topic, record after record under keys of its own, until the returned function is called; that answers how many. */
  flood(topic: string, everyMs: number): () => Promise<number> {
    const stop = new AbortController()
    const sending = (async () => {
      let sent = 0
      for (; !stop.signal.aborted; sent++) {
        await this.send({ topic, key: `poison-${sent}`, value: sent % 2 === 0 ? '{' : randomBytes(512), headers: { ce_type: 'rubbish' } })
        await pause(systemClock, everyMs)
      }
      return sent
    })()
    return () => {
      stop.abort()
      return sending
    }
  }

  /** Everything that lies on a topic, up to the record that satisfies `last`. */
  async read(
    topic: string,
    last: (headers: Record<string, string>) => boolean,
  ): Promise<{ key: string; value: string | null; headers: Record<string, string> }[]> {
    const consumer = this.kafka.consumer({ groupId: `poisoner-${uuidv7()}`, maxWaitTimeInMs: 250 })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const records: { key: string; value: string | null; headers: Record<string, string> }[] = []
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({
        message,
      }: {
        message: { key: Buffer | null; value: Buffer | null; headers?: IHeaders }
      }): Promise<void> => {
        const headers = Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]))
        records.push({ key: String(message.key), value: message.value === null ? null : String(message.value), headers })
        if (last(headers)) resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
    await consumer.disconnect()
    return records
  }

  async close(): Promise<void> {
    await this.producer.disconnect()
  }
}
