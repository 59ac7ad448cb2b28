import { Pool } from 'pg'
import { it } from 'vitest'
import { EventConsumer, Outbox, PostgresOutboxStore, PostgresPositionStore, type BusRecord } from '#libs/messaging'
import { MemoryBus } from '#libs/messaging/testing'
import { Metrics, silentLogger, systemClock } from '#libs/platform'
import { PARCELS } from '../contracts/database.suite.js'
import { openPostgresService } from '../contracts/postgres-service.js'
import { signedRecord } from '../contracts/signed-record.js'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { cpuTime } from './cpu-time.js'
import { startDurablePostgres, type DurablePostgres } from './durable-postgres.js'
import { median, perSecond } from './writers.js'

const WRITERS = 8
const KEYS_EACH = 4
const ROUNDS = 5
const SLICE_MS = 2_000
/** More than a writer can handle in all its slices. */
const EVENTS_EACH = 6_000
const DETAIL = 'x'.repeat(400)

/**
 * One step is a signed event of one key handled by the consumer as in production: verify, lock, position, document read and written, one
 * signed event emitted, commit. Its floor is one row inserted by one statement that commits by itself: same process, server and run, in
 * turns, so that a noisy machine hits both. Aim: at least 0.3 of the floor.
 */
it('stage steps per second beside one-statement commits', async () => {
  const server = await startDurablePostgres()
  const identity = await testIdentity()
  const database = await openPostgresService(server.url, 'simulator')
  const consumer = consumerOn(database, identity)
  const records = await Promise.all(Array.from({ length: WRITERS }, (_, writer) => recordsOf(identity, writer)))
  const commit = await oneStatement(server)

  const next = records.map((mine) => mine.values())
  const step = async (writer: number): Promise<void> => {
    const { value, done } = next[writer]!.next()
    if (done === true) throw new Error('more records are needed')
    await consumer.handle(value)
  }
  await perSecond(WRITERS, SLICE_MS / 2, step)
  await perSecond(WRITERS, SLICE_MS / 2, commit.work)

  const steps: Slice[] = []
  const commits: Slice[] = []
  for (let round = 0; round < ROUNDS; round++) {
    steps.push(await slice(server, step))
    commits.push(await slice(server, commit.work))
  }
  const ratio = print(`stage steps, ${WRITERS} writers`, steps) / print(`one-statement commits, ${WRITERS} writers`, commits)
  process.stdout.write(`ratio of medians ${ratio.toFixed(2)}\n`)

  await commit.close()
  await database.close()
  await server.stop()
})

interface Slice {
  rate: number
  /** Processor time of each piece of work. */
  nodeMs: number
  databaseMs: number
}

async function slice(server: DurablePostgres, work: (writer: number, turn: number) => Promise<void>): Promise<Slice> {
  await server.query('CHECKPOINT')
  const before = cpuTime(server.pid)
  const rate = await perSecond(WRITERS, SLICE_MS, work)
  const after = cpuTime(server.pid)
  const done = (rate * SLICE_MS) / 1_000
  return { rate, nodeMs: (after.node - before.node) / done, databaseMs: (after.database - before.database) / done }
}

/** Answers with the median rate. */
function print(label: string, slices: Slice[]): number {
  const rates = slices.map(({ rate }) => rate)
  const cpu = `CPU ${median(slices.map(({ nodeMs }) => nodeMs)).toFixed(2)} + ${median(slices.map(({ databaseMs }) => databaseMs)).toFixed(2)} ms (node + PostgreSQL)`
  process.stdout.write(
    `${label.padEnd(58)} ${median(rates).toFixed(0).padStart(6)} /s   ${cpu}   (${rates.map((rate) => rate.toFixed(0)).join(', ')})\n`,
  )
  return median(rates)
}

function consumerOn(database: Awaited<ReturnType<typeof openPostgresService>>, identity: TestIdentity): EventConsumer {
  const outbox = new Outbox(new PostgresOutboxStore(), 'simulator', identity.serviceSigner('simulator'), () => {})
  const rest = { clock: systemClock, log: silentLogger, metrics: new Metrics(), roster: () => identity.roster, bus: new MemoryBus() }
  const consumer = new EventConsumer({
    service: 'simulator',
    stageTopic: 'hms.simulation.v1',
    database,
    positions: new PostgresPositionStore(),
    outbox,
    ...rest,
  })
  consumer.onTopic('hms.lint.v1', async (event, tx) => {
    const weight = ((await tx.documents(PARCELS).get(event.key))?.weight ?? 0) + 1
    if (weight !== event.keySeq) throw new Error(`${event.key} is at ${weight} instead of ${event.keySeq}`)
    await tx.documents(PARCELS).put({ id: event.key, town: null, weight, postedAt: event.time, label: DETAIL })
    const failure = { run: weight, attempt: 1, reason: 'BENCH', detail: DETAIL, findings: [] }
    await outbox.emit(tx, 'hms.lint.failed.v1', failure, {
      key: event.key,
      run: weight,
      attempt: 1,
      causationId: event.id,
      topic: 'hms.simulation.v1',
    })
  })
  return consumer
}

/** A writer's records, in turns over its keys; signed before the time is taken. */
async function recordsOf(identity: TestIdentity, writer: number): Promise<BusRecord[]> {
  const records: BusRecord[] = []
  for (let turn = 0; turn < EVENTS_EACH; turn++) {
    const keySeq = Math.floor(turn / KEYS_EACH) + 1
    records.push(await signedRecord(identity, { key: `w${writer}.${turn % KEYS_EACH}`, keySeq, data: { n: keySeq, detail: DETAIL } }))
  }
  return records
}

/** A row of the outbox's size, inserted by one prepared statement on a pool of as many connections as writers. */
async function oneStatement(
  server: DurablePostgres,
): Promise<{ work: (writer: number, turn: number) => Promise<void>; close(): Promise<void> }> {
  await server.query('CREATE TABLE floor_row (seq bigserial PRIMARY KEY, msg_key text NOT NULL, value text NOT NULL)')
  const pool = new Pool({ connectionString: server.url, max: WRITERS })
  // `end` resolves before the sockets are closed: a server that stops then reports an error on them.
  pool.on('error', () => {})
  const value = 'x'.repeat(1_500)
  const work = async (writer: number): Promise<void> => {
    await pool.query({ name: 'floor', text: 'INSERT INTO floor_row (msg_key, value) VALUES ($1, $2)', values: [`w${writer}`, value] })
  }
  return { work, close: () => pool.end() }
}
