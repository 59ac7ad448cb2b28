import { Kafka, logLevel } from 'kafkajs'
import { Client } from 'pg'
import { nowMs } from './figures.js'

const HOPS = 5

/** The bare minimum of a Kafka hop, five times: commit a row, read it as a relay, produce with acks from all, mark it sent, consume. */
export async function floorKafka(brokers: string[], url: string, rounds: number): Promise<number[]> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 20 } })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'floor', numPartitions: 1 }] })
  await admin.disconnect()
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  const consumer = kafka.consumer({ groupId: 'floor', maxWaitTimeInMs: 250 })
  const client = new Client({ connectionString: url })
  await Promise.all([producer.connect(), consumer.connect(), client.connect()])
  let seen = (_key: string): void => {}
  await consumer.subscribe({ topic: 'floor', fromBeginning: true })
  await consumer.run({ eachMessage: async ({ message }) => seen(String(message.key)) })
  await client.query('CREATE TABLE floor_outbox (seq bigserial PRIMARY KEY, value text NOT NULL, sent_at timestamptz)')
  await client.query('CREATE INDEX ON floor_outbox (seq) WHERE sent_at IS NULL')
  const value = 'x'.repeat(6_000)
  const hop = async (key: string): Promise<void> => {
    const arrived = new Promise<void>((resolve) => (seen = (found) => found === key && resolve()))
    await client.query('INSERT INTO floor_outbox (value) VALUES ($1)', [value])
    const { rows } = await client.query<{ seq: string }>('SELECT seq, value FROM floor_outbox WHERE sent_at IS NULL ORDER BY seq LIMIT 200')
    await producer.send({ topic: 'floor', acks: -1, messages: [{ key, value }] })
    await client.query('UPDATE floor_outbox SET sent_at = now() WHERE seq = ANY($1)', [rows.map((row) => row.seq)])
    await arrived
  }
  await hop('warm')
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = nowMs()
    for (let index = 0; index < HOPS; index++) await hop(`${round}.${index}`)
    times.push(nowMs() - startedAt)
  }
  await Promise.all([producer.disconnect(), consumer.disconnect(), client.end()])
  return times
}
