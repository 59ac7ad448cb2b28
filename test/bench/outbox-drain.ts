import { TOPICS } from '#libs/contracts'
import { createKafka, KafkaBus, applyTopics, partitionOf, type EventBus } from '#libs/messaging'
import { silentLogger, systemClock } from '#libs/platform'
import { Client } from 'pg'
import type { TestBroker } from '../support/broker/start-kafka.js'
import type { TestIdentity } from '../support/identity.js'
import { until } from '../support/processes.js'
import type { DurablePostgres } from './durable-postgres.js'
import { nowMs } from './figures.js'
import { LinterInstance } from './linter-instance.js'
import { NotingBus } from './noting.js'
import { median } from './writers.js'

const ROWS = 30_000
const KEYS = 500
const BATCH = 200
const ROUNDS = 3
const TOPIC = 'hms.lint.v1'

/** Rows a second from 30,000 that wait, into a bus that takes all at once; beside the bare two statements of each batch. */
export async function drain(server: DurablePostgres, identity: TestIdentity): Promise<void> {
  const rates: number[] = []
  const floors: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    rates.push(await drainInto(new NotingBus(), server, identity))
    floors.push(await bareStatements(server))
  }
  line('drain, instant bus', rates)
  line(`floor: its two bare statements`, floors)
}

/** The same into Kafka; beside a bare producer that sends the same values, also one partition a send and 200 rows at a time. */
export async function drainIntoKafka(server: DurablePostgres, identity: TestIdentity, broker: TestBroker): Promise<void> {
  const kafka = createKafka({ brokers: broker.brokers, clientId: 'bench' }, silentLogger)
  await applyTopics(kafka, 1)
  const rates: number[] = []
  const floors: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const bus = new KafkaBus(kafka, systemClock, silentLogger, { onFatal: () => {} })
    rates.push(await drainInto(bus, server, identity))
    await bus.close()
    floors.push(await bareProducer(kafka))
  }
  line('drain, Kafka, acks from all', rates)
  line('floor: a bare producer with the same values', floors)
}

async function drainInto(bus: EventBus, server: DurablePostgres, identity: TestIdentity): Promise<number> {
  const instance = await LinterInstance.open(server.url, bus, identity)
  await fill(server)
  const startedAt = nowMs()
  instance.start()
  await until('all are sent', async () => instance.store.sent === ROWS)
  const rate = rateOver(instance.store.lastAtMs - startedAt)
  await instance.stop()
  return rate
}

/** Values of 0.5 to 1 kB, in turns over the keys. */
async function fill(server: DurablePostgres): Promise<void> {
  await server.query('TRUNCATE linter.outbox')
  await server.query(
    `INSERT INTO linter.outbox (event_id, source, type, topic, msg_key, key_seq, occurred_at, value)
     SELECT gen_random_uuid(), '/hms-svc/linter', 'hms.lint.failed.v1', $1, 'k' || n % $2, n / $2 + 1, now(), repeat('x', 500 + n * 7 % 500)
     FROM generate_series(0, $3::int - 1) AS n`,
    [TOPIC, KEYS, ROWS],
  )
  await server.query('VACUUM ANALYZE linter.outbox')
  await server.query('CHECKPOINT')
}

async function bareStatements(server: DurablePostgres): Promise<number> {
  await fill(server)
  const client = new Client({ connectionString: server.url })
  await client.connect()
  const startedAt = nowMs()
  for (let left = ROWS; left > 0; left -= BATCH) {
    const read = {
      name: 'read',
      text: `SELECT seq, topic, msg_key, value FROM linter.outbox WHERE sent_at IS NULL ORDER BY seq LIMIT ${BATCH}`,
    }
    const { rows } = await client.query<{ seq: string }>(read)
    const mark = {
      name: 'mark',
      text: 'UPDATE linter.outbox SET sent_at = now() WHERE seq = ANY($1::bigint[])',
      values: [rows.map((row) => row.seq)],
    }
    await client.query(mark)
  }
  const rate = rateOver(nowMs() - startedAt)
  await client.end()
  return rate
}

async function bareProducer(kafka: ReturnType<typeof createKafka>): Promise<number> {
  const { partitions } = TOPICS.find(({ name }) => name === TOPIC)!
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  const startedAt = nowMs()
  for (let start = 0; start < ROWS; start += BATCH) {
    const batches = new Map<number, { key: string; value: string; partition: number }[]>()
    for (let n = start; n < start + BATCH; n++) {
      const key = `k${n % KEYS}`
      const partition = partitionOf(key, partitions)
      batches.set(partition, [...(batches.get(partition) ?? []), { key, value: 'x'.repeat(500 + ((n * 7) % 500)), partition }])
    }
    await Promise.all([...batches.values()].map((messages) => producer.send({ topic: TOPIC, acks: -1, messages })))
  }
  const rate = rateOver(nowMs() - startedAt)
  await producer.disconnect()
  return rate
}

function rateOver(tookMs: number): number {
  return (ROWS * 1_000) / tookMs
}

function line(label: string, rates: number[]): void {
  const all = rates.map((rate) => rate.toFixed(0)).join(', ')
  process.stdout.write(`${`${ROWS} rows: ${label}`.padEnd(58)} ${median(rates).toFixed(0).padStart(6)} rows/s   (${all})\n`)
}
