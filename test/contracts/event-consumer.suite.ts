import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate, type Envelope, type JsonObject, type OutgoingEvent, type ReceivedEvent } from '#libs/contracts'
import { DEAD_LETTERS, EventConsumer, MemoryBus, Outbox, recordOfBytes, type BusRecord, type DeadLetter, type EventAnswer, type OutboxStore, type PositionStore } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { Metrics, silentLogger, TerminalError, TransientError, VirtualClock } from '#libs/platform'
import type { EventPredicate } from '#libs/signing'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { PARCELS } from './database.suite.js'
import { signedRecord, type RecordSpec } from './signed-record.js'
import type { Twin } from './twin.js'

export type ConsumerTwin = Twin & { outbox: OutboxStore; positions: PositionStore }

/** What `EventConsumer` keeps over every database: the simulator reads the linter's topic. */
export function eventConsumerSuite(open: () => Promise<ConsumerTwin>): void {
  let twin: ConsumerTwin
  let identity: TestIdentity
  let clock: VirtualClock
  let consumer: EventConsumer
  let handled: number[]
  /** Replaced by tests that want a handler to fail. */
  let behave: (event: ReceivedEvent, tx: Transaction) => Promise<EventAnswer>
  let metrics: Metrics

  beforeEach(async () => {
    twin = await open()
    identity ??= await testIdentity()
    clock = new VirtualClock()
    handled = []
    behave = async () => {}
    const { database, positions } = twin
    const outbox = new Outbox(twin.outbox, 'simulator', identity.serviceSigner('simulator'), () => {})
    metrics = new Metrics()
    const rest = { clock, log: silentLogger, metrics, roster: identity.roster, bus: new MemoryBus() }
    consumer = new EventConsumer({ service: 'simulator', stageTopic: 'hms.simulation.v1', database, positions, outbox, ...rest })
    consumer.on('hms.lint.v1', async (event, tx) => {
      await tx.documents(PARCELS).put({ id: `${event.keySeq}`, town: event.key, weight: event.keySeq, postedAt: event.time })
      const answer = await behave(event, tx)
      tx.afterCommit(() => handled.push(event.keySeq))
      return answer
    })
  })
  afterEach(() => twin.close())

  const run = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => twin.database.transaction(work)
  const deliver = async (...specs: RecordSpec[]): Promise<void> => {
    for (const spec of specs) await consumer.handle(await signedRecord(identity, spec))
  }
  const letters = (): Promise<DeadLetter[]> => run((tx) => tx.documents(DEAD_LETTERS).find())
  const stored = (): Promise<number> => run((tx) => tx.documents(PARCELS).count())
  const parked = (): Promise<number> => run((tx) => twin.positions.parkedCount(tx))
  const sent = async (topic: string): Promise<OutgoingEvent[]> => (await run((tx) => twin.outbox.unsent(tx, 100))).filter((row) => row.topic === topic)
  const outcomes = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await metrics.handled.get()).values.map(({ labels, value }) => [labels.outcome!, value]))
  const emitted = async (): Promise<EventPredicate[]> =>
    (await sent('hms.simulation.v1')).map((row) => peekPredicate<EventPredicate>(JSON.parse(row.value!) as Envelope))

  it('handles each event once and in order', async () => {
    await deliver({ keySeq: 1 }, { keySeq: 2 }, { keySeq: 2 }, { keySeq: 1 }, { keySeq: 3 })
    expect(handled).toEqual([1, 2, 3])
    expect(await letters()).toEqual([])
  })

  it('begins with the oldest retained record of a stream', async () => {
    await deliver({ keySeq: 17 }, { keySeq: 18 })
    expect(handled).toEqual([17, 18])
  })

  it('hands over the event as it was signed', async () => {
    let seen: ReceivedEvent | undefined
    behave = async (event) => void (seen = event)
    await deliver({ keySeq: 1, data: { run: 7, list: [1, 'é'] } })
    const expected = { source: '/hms-svc/linter', topic: 'hms.lint.v1', keySeq: 1, runId: '7', attempt: 2 }
    expect(seen).toMatchObject({ ...expected, data: { run: 7, list: [1, 'é'] } })
  })

  it('skips heartbeats, and tombstones of compacted topics', async () => {
    const record = await signedRecord(identity, { keySeq: 1 })
    await consumer.handle({ ...record, key: '~heartbeat' })
    await consumer.handle({ ...record, topic: 'hms.partner.v1', value: null })
    expect(handled).toEqual([])
    expect(await letters()).toEqual([])
  })

  it('counts what a handler found stale, and moves on', async () => {
    behave = async (event) => (event.keySeq === 1 ? 'ignored-stale' : undefined)
    await deliver({ keySeq: 1 }, { keySeq: 2 })
    expect(handled).toEqual([1, 2])
    expect(await outcomes()).toEqual({ 'ignored-stale': 1, handled: 1 })
  })

  describe('a type of event', () => {
    it('that this version knows in another major is a dead letter at once, its run is poisoned and its key moves on', async () => {
      await deliver({ keySeq: 1, type: 'hms.lint.passed.v2' }, { keySeq: 2 })
      expect(handled).toEqual([2])
      expect(await letters()).toMatchObject([{ state: 'waiting', code: 'HMS_EVENT_MAJOR_UNKNOWN', tries: 1, run: 7 }])
      expect(await emitted()).toMatchObject([{ type: 'hms.run.poisoned.v1', data: { run: 7, reason: 'POISONED' } }])
    })

    it('that a newer producer added is passed over and counted', async () => {
      await deliver({ keySeq: 1, type: 'hms.lint.admired.v1' }, { keySeq: 2 })
      expect(handled).toEqual([2])
      expect(await letters()).toEqual([])
      expect(await outcomes()).toEqual({ unknown: 1, handled: 1 })
    })

    it('reaches a reader of every type, whatever it is', async () => {
      const seen: string[] = []
      consumer.on('hms.simulation.v1', async (event) => void seen.push(event.type), { everyType: true })
      for (const [index, type] of ['hms.simulation.passed.v2', 'hms.simulation.admired.v1'].entries()) {
        await deliver({ keySeq: index + 1, type, topic: 'hms.simulation.v1', producer: 'simulator' })
      }
      expect(seen).toEqual(['hms.simulation.passed.v2', 'hms.simulation.admired.v1'])
      expect(await letters()).toEqual([])
    })
  })

  describe('a gap', () => {
    it('parks what came early, and drains it in order when the missing one comes', async () => {
      await deliver({ keySeq: 1 }, { keySeq: 4 }, { keySeq: 3 }, { keySeq: 4 })
      expect(handled).toEqual([1])
      expect(await parked()).toBe(2)
      await deliver({ keySeq: 2 })
      expect(handled).toEqual([1, 2, 3, 4])
      expect(await parked()).toBe(0)
      await deliver({ keySeq: 3 }, { keySeq: 5 })
      expect(handled).toEqual([1, 2, 3, 4, 5])
    })

    it('holds up its own key only', async () => {
      await deliver({ keySeq: 1 }, { keySeq: 3 }, { keySeq: 1, key: 'other' }, { keySeq: 2, key: 'other' })
      expect(handled).toEqual([1, 1, 2])
    })

    it('parks what PostgreSQL would not take as jsonb', async () => {
      let seen: unknown
      behave = async (event) => void (seen = event.data)
      await deliver({ keySeq: 1 }, { keySeq: 3, data: { text: 'a\0b' } }, { keySeq: 2 })
      expect(handled).toEqual([1, 2, 3])
      expect(seen).toEqual({ text: 'a\0b' })
    })

    it('does not outlive a missing event that is given up', async () => {
      behave = async (event) => {
        if (event.keySeq === 2) throw new Error('bug')
      }
      await deliver({ keySeq: 1 }, { keySeq: 3 }, { keySeq: 2 }, { keySeq: 4 })
      expect(handled).toEqual([1, 3, 4])
      expect(await parked()).toBe(0)
      expect(await letters()).toMatchObject([{ code: 'HMS_EVENT_HANDLER_FAILED', position: '0:2' }])
    })

    it('takes no other event with it when a parked one fails', async () => {
      behave = async (event) => {
        if (event.keySeq === 3) throw new Error('bug')
      }
      await deliver({ keySeq: 1 }, { keySeq: 3 }, { keySeq: 4 }, { keySeq: 2 })
      expect(handled).toEqual([1, 2, 4])
      expect(await stored()).toBe(3)
      expect(await letters()).toMatchObject([{ code: 'HMS_EVENT_HANDLER_FAILED', tries: 3 }])
    })

    it('is drained after a crash between the missing event and the parked ones', async () => {
      await deliver({ keySeq: 1 }, { keySeq: 3 })
      const stream = { consumer: 'simulator', producer: 'linter', topic: 'hms.lint.v1', key: 'epa-pm25-limit' }
      await run((tx) => twin.positions.advance(tx, stream, 2))
      // The bus had not moved past the missing event, so it comes again.
      await deliver({ keySeq: 2 })
      expect(handled).toEqual([1, 3])
    })
  })

  describe('a record that is not what it says', () => {
    it.each<[string, string, RecordSpec]>([
      ['is signed by another service', 'HMS_SIGNATURE_UNKNOWN_KEY', { keySeq: 1, signedBy: 'approver' }],
      ['names a producer that the topic does not have', 'HMS_EVENT_PRODUCER', { keySeq: 1, producer: 'rollout' }],
    ])('%s: recorded, ignored, and the stream stays where it was', async (_what, code, spec) => {
      await deliver(spec)
      expect(handled).toEqual([])
      expect(await letters()).toMatchObject([{ state: 'ignored', group: 'simulator', topic: 'hms.lint.v1', code }])
      await deliver({ keySeq: 1 })
      expect(handled).toEqual([1])
    })

    it('is a copy under another key or topic', async () => {
      const record = await signedRecord(identity, { keySeq: 1 })
      await consumer.handle({ ...record, key: 'another-policy' })
      const elsewhere = await signedRecord(identity, { keySeq: 1, topic: 'hms.simulation.v1' })
      await consumer.handle({ ...elsewhere, topic: 'hms.lint.v1' })
      expect(handled).toEqual([])
      const misplaced = { state: 'ignored', code: 'HMS_EVENT_MISPLACED' }
      expect(await letters()).toMatchObject([misplaced, misplaced])
    })

    it('has a statement whose bytes were changed', async () => {
      const record = await signedRecord(identity, { keySeq: 1 })
      const envelope = JSON.parse(record.value!) as Envelope
      const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"n":1', '"n":2')
      await consumer.handle({ ...record, value: JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }) })
      expect(handled).toEqual([])
      expect(await letters()).toMatchObject([{ state: 'ignored' }])
    })

    it.each<[string, Partial<BusRecord>]>([
      ['NUL in its value', { value: '{"a":"\0"}' }],
      ['NUL in its key', { key: 'epa\0pm25' }],
      ['NUL in a header and its name', { headers: { 'a\0b': 'c\0d' } }],
      ['a key of 64 KiB that nothing compresses', { key: randomBytes(32 * 1024).toString('hex') }],
      ['bytes that are no UTF-8', recordOfBytes({ key: Buffer.from([0xff, 0x00]), value: Buffer.from([0xc3, 0x28, 0x00]), headers: { ce_source: Buffer.from([0xfe]) } })],
    ])('holds nobody up with %s', async (_what, part) => {
      const record = { ...(await signedRecord(identity, { keySeq: 1 })), value: '{', ...part }
      await consumer.handle(record)
      expect(await letters()).toHaveLength(1)
      await deliver({ keySeq: 1 })
      expect(handled).toEqual([1])
    })

    it('has no value, although its topic is not compacted', async () => {
      await consumer.handle({ ...(await signedRecord(identity, { keySeq: 1 })), value: null })
      expect(await letters()).toMatchObject([{ state: 'waiting', code: 'HMS_EVENT_UNREADABLE', value: null }])
    })

    it('is one letter, however often it comes before the group has moved on', async () => {
      const record = { ...(await signedRecord(identity, { keySeq: 1 })), value: '{' }
      for (let time = 0; time < 3; time++) await consumer.handle(record)
      await consumer.handle({ ...record, position: '0:99' })
      expect((await letters()).map((letter) => letter.position).toSorted()).toEqual(['0:1', '0:99'])
    })

    it('is no JSON: a dead letter that waits for a person', async () => {
      await consumer.handle({ ...(await signedRecord(identity, { keySeq: 1 })), value: '{' })
      expect(await letters()).toMatchObject([{ state: 'waiting', code: 'HMS_EVENT_UNREADABLE', value: '{' }])
    })
  })

  describe('a handler that fails', () => {
    it('by a bug is tried three times, then the event is a dead letter and its run is poisoned', async () => {
      let tries = 0
      behave = async () => {
        tries++
        throw new Error('bug')
      }
      const record = await signedRecord(identity, { keySeq: 1 })
      await consumer.handle(record)
      expect(tries).toBe(3)
      expect(await stored()).toBe(0)
      const { key, value, headers } = record
      expect(await letters()).toMatchObject([
        { state: 'waiting', code: 'HMS_EVENT_HANDLER_FAILED', detail: 'bug', run: 7, tries: 3, key, value, headers },
      ])
      const poisoned = { type: 'hms.run.poisoned.v1', topic: 'hms.simulation.v1', key, causationId: headers['ce_id'] }
      expect(await emitted()).toMatchObject([{ ...poisoned, data: { run: 7, attempt: 2, group: 'simulator', reason: 'POISONED' } }])

      behave = async () => {}
      await deliver({ keySeq: 1 }, { keySeq: 2 })
      expect(handled).toEqual([2])
    })

    it.each<[string, JsonObject]>([
      ['null', { dossier: null }],
      ['without releases', { dossier: {} }],
      ['of releases that are none', { dossier: { releases: [null, 7] } }],
      ['of a policy whose id no lock takes', { dossier: { releases: [{ id: 'x'.repeat(20_000) }] } }],
    ])('over a dossier %s gives up the event alone', async (_what, data) => {
      behave = async (event) => {
        if (event.keySeq === 1) throw new Error('bug')
      }
      await deliver({ keySeq: 1, data }, { keySeq: 2 })
      expect(handled).toEqual([2])
      expect(await letters()).toMatchObject([{ code: 'HMS_EVENT_HANDLER_FAILED', run: 7 }])
    })

    it.each(['seven', '99999999999'])('poisons no run when the event names none that can be (%s)', async (runId) => {
      behave = async () => {
        throw new Error('bug\0')
      }
      await deliver({ keySeq: 1, runId })
      expect(await letters()).toMatchObject([{ run: null, detail: 'bug\uFFFD' }])
      expect(await emitted()).toEqual([])
    })

    it('in two instances at once, as when a partition goes from one to the other, is given up once', async () => {
      behave = async () => {
        throw new Error('bug')
      }
      const record = await signedRecord(identity, { keySeq: 1 })
      await Promise.all([consumer.handle(record), consumer.handle(record)])
      expect(await letters()).toHaveLength(1)
      expect(await emitted()).toHaveLength(1)
    })

    it('terminally is not tried again, and its code is kept', async () => {
      let tries = 0
      behave = async () => {
        tries++
        throw new TerminalError('HMS_TEST_NEVER', 'never')
      }
      await deliver({ keySeq: 1 })
      expect(tries).toBe(1)
      expect(await letters()).toMatchObject([{ code: 'HMS_TEST_NEVER', tries: 1 }])
    })

    it('by a fault of the world is tried until the world is back', async () => {
      let down = 12
      behave = async () => {
        if (down-- > 0) throw new TransientError('down')
      }
      const done = deliver({ keySeq: 1 })
      await whileWaiting(done, clock)
      expect(down).toBe(-1)
      expect(handled).toEqual([1])
      expect(await letters()).toEqual([])
      expect(await emitted()).toEqual([])
    })

    it('while stopping lets the record come again', async () => {
      behave = async () => {
        consumer.stop()
        throw new TransientError('down')
      }
      await expect(deliver({ keySeq: 1 })).rejects.toThrow('down')
      expect(await stored()).toBe(0)
      behave = async () => {}
      await deliver({ keySeq: 1 })
      expect(handled).toEqual([1])
    })
  })
}

/** Lets virtual time run from pause to pause until `done`. */
async function whileWaiting(done: Promise<void>, clock: VirtualClock): Promise<void> {
  const over = done.then(() => true)
  const turn = (): Promise<false> => new Promise((resolve) => setImmediate(resolve, false))
  while (!(await Promise.race([over, turn()]))) {
    const next = clock.nextAt()
    if (next !== undefined) clock.advanceTo(next)
  }
}
