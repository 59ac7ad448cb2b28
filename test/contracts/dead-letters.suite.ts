import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GIVEN_UP } from '#libs/contracts'
import { DEAD_LETTERS, headersOf, recordOfBytes, type BusRecord, type DeadLetter } from '#libs/messaging'
import { TransientError, validTraceparent } from '#libs/platform'
import { ConsumerHarness, type ConsumerAdapter } from './consumer-harness.js'
import { PARCELS } from './database.suite.js'
import { signedRecord } from './signed-record.js'

const TOPIC = 'hms.dlq.simulator.v1'
const MIB = 1024 * 1024
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

/** Dead letters after they were buried: the copy on their topic, their bounds, and what people do with them. */
export function deadLettersSuite(open: () => Promise<ConsumerAdapter>): void {
  let harness: ConsumerHarness
  beforeEach(async () => {
    harness = await ConsumerHarness.open(await open())
  })
  afterEach(() => harness.adapter.close())

  const broken = async (part: Partial<BusRecord> = {}): Promise<BusRecord> => ({
    ...(await signedRecord(harness.identity, { keySeq: 1 })),
    value: '{',
    ...part,
  })
  const giveUpOne = async (): Promise<DeadLetter> => {
    harness.behave = async () => {
      throw new Error('bug')
    }
    await harness.deliver({ keySeq: 1 }, { keySeq: 1, key: 'other' })
    const letter = (await harness.letters()).find(({ key }) => key !== 'other')!
    await harness.consumer.letters.discard((await harness.letters()).find(({ key }) => key === 'other')!.id, 'test', 'of no interest')
    return letter
  }

  it('raise one alarm each, which names the letter and the run', async () => {
    harness.behave = async () => {
      throw new Error('bug')
    }
    const record = await broken()
    for (let time = 0; time < 3; time++) await harness.consumer.handle(record)
    await harness.deliver({ keySeq: 1 }, { keySeq: 1 })
    const { service, topic } = { service: 'simulator', topic: 'hms.lint.v1' }
    const ids = Object.fromEntries((await harness.letters()).map(({ code, id }) => [code, id]))
    expect(harness.alarms).toMatchObject([
      { service, topic, position: '0:1', code: 'HMS_EVENT_UNREADABLE', letter: ids['HMS_EVENT_UNREADABLE'], run: null },
      { service, topic, position: '0:1', code: 'HMS_EVENT_HANDLER_FAILED', letter: ids['HMS_EVENT_HANDLER_FAILED'], run: 7 },
    ])
    const counted = (await harness.metrics.deadLetters.get()).values
    expect(counted.map(({ labels, value }) => [labels.code, value])).toEqual([
      ['HMS_EVENT_UNREADABLE', 1],
      ['HMS_EVENT_HANDLER_FAILED', 1],
    ])
  })

  describe('on its topic a letter', () => {
    it('has the original key, value and headers, and the reason', async () => {
      const record = await signedRecord(harness.identity, { keySeq: 1, type: 'hms.lint.passed.v2' })
      const trace = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }
      const claimed = { mine: 'kept', 'content-type': 'image/png', 'hms-summary': 'all is well', ...trace }
      await harness.consumer.handle({ ...record, headers: { ...record.headers, ...claimed } })
      const [letter] = await harness.letters()
      const [copy] = await harness.sent(TOPIC)
      expect(copy).toMatchObject({ key: record.key, value: record.value, type: GIVEN_UP, source: '/hms-svc/simulator', runId: '7' })
      expect(headersOf(copy!)).toMatchObject({
        mine: 'kept',
        ce_type: GIVEN_UP,
        'hms-dlq-original-ce_type': 'hms.lint.passed.v2',
        'hms-dlq-id': letter!.id,
        'hms-dlq-code': 'HMS_EVENT_MAJOR_UNKNOWN',
        'hms-dlq-topic': 'hms.lint.v1',
        'hms-dlq-position': '0:1',
        'hms-dlq-original-content-type': 'image/png',
        'hms-dlq-original-hms-summary': 'all is well',
        'content-type': 'application/json',
        'hms-summary': 'run 7 simulator: gave up hms.lint.v1 0:1, HMS_EVENT_MAJOR_UNKNOWN',
      })
      expect(headersOf(copy!)['traceparent']).toBe(`00-${TRACE}-00f067aa0ba902b7-01`)
    })

    it('has an empty key where there was none, and base64 where there was no text', async () => {
      const bytes = { key: null, value: Buffer.from([0xff, 0, 0x7b]), headers: {} }
      await harness.consumer.handle(await broken(recordOfBytes(bytes)))
      const [copy] = await harness.sent(TOPIC)
      expect(copy).toMatchObject({
        key: '',
        value: bytes.value.toString('base64'),
        headers: { 'hms-dlq-value': 'base64', 'content-type': 'text/plain; charset=utf-8' },
      })
      expect(validTraceparent(copy!.traceparent)).toBeDefined()
      expect(await harness.letters()).toMatchObject([
        { key: null, value: '\uFFFD\uFFFD{', raw: { key: null, value: bytes.value.toString('base64'), headers: [] } },
      ])
    })

    it('leaves behind what its topic does not take, which the letter itself keeps', async () => {
      const value = Buffer.alloc(4 * MIB, 0xff)
      await harness.consumer.handle(await broken(recordOfBytes({ key: Buffer.from('k'), value, headers: {} })))
      expect(await harness.sent(TOPIC)).toMatchObject([{ value: null, headers: { 'hms-dlq-value': 'too large for this topic' } }])
      expect((await harness.letters())[0]!.raw!.value).toBe(value.toString('base64'))
    })
  })

  describe('records of strangers', () => {
    it('leave their beginning only', async () => {
      const headers = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`h${index}`, 'x'.repeat(2_000)]))
      await harness.consumer.handle(await broken({ value: JSON.stringify('x'.repeat(2 * MIB)), headers, key: 'k'.repeat(5_000) }))
      const [letter] = await harness.letters()
      expect(letter).toMatchObject({ state: 'ignored', code: 'HMS_EVENT_PRODUCER', cutFrom: 2 * MIB + 2 })
      expect(JSON.stringify(letter).length).toBeLessThan(32 * 1024)
      expect(JSON.stringify((await harness.sent(TOPIC))[0]).length).toBeLessThan(32 * 1024)
    })

    it('reach the topic 1,000 times an hour, and 10,000 of them are kept; letters that wait are not counted in', async () => {
      await harness.consumer.handle(await broken())
      const filler: DeadLetter = { ...(await harness.letters())[0]!, state: 'ignored', at: '2020-01-01T00:00:00.000Z' }
      await harness.run(async (tx) => {
        for (let n = 0; n < 10_050; n++) await tx.documents(DEAD_LETTERS).put({ ...filler, id: `old-${n}` })
      })
      for (let n = 0; n < 1_002; n++) await harness.consumer.handle(await broken({ value: '"forged"', headers: {}, position: `0:${n}` }))
      expect(await harness.sent(TOPIC)).toHaveLength(1_001)
      const kept = await harness.run((tx) => tx.documents(DEAD_LETTERS).count({ state: 'ignored' }))
      expect(kept).toBeGreaterThanOrEqual(10_000)
      expect(kept).toBeLessThan(10_100)
      expect(await harness.run((tx) => tx.documents(DEAD_LETTERS).count({ state: 'waiting' }))).toBe(1)
      const forgotten = (await harness.metrics.deadLettersTrimmed.get()).values[0]!.value
      expect(forgotten).toBe(10_050 + 1_002 - kept)
    }, 120_000)
  })

  describe('replayed', () => {
    it('is handled past its position, once, with the end of the letter', async () => {
      const { id } = await giveUpOne()
      harness.behave = async () => {}
      expect(await harness.consumer.replay(id, 'EPA Chief')).toMatchObject({
        state: 'replayed',
        closed: { by: 'EPA Chief', reason: 'handled' },
      })
      expect(harness.handled).toEqual([1])
      await expect(harness.consumer.replay(id, 'EPA Chief')).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_CLOSED', status: 409 })
      await expect(harness.consumer.letters.discard(id, 'EPA Chief', 'no')).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_CLOSED' })
      await harness.deliver({ keySeq: 1 }, { keySeq: 2 })
      expect(harness.handled).toEqual([1, 2])
    })

    it('by two people at once has one effect', async () => {
      const { id } = await giveUpOne()
      harness.behave = async () => {}
      const both = await Promise.allSettled([harness.consumer.replay(id, 'a'), harness.consumer.replay(id, 'b')])
      expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(harness.handled).toEqual([1])
    })

    it('waits on when the handler fails again, with the new reason', async () => {
      const { id } = await giveUpOne()
      await expect(harness.consumer.replay(id, 'EPA Chief')).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_FAILED', status: 422 })
      expect(await harness.consumer.letters.get(id)).toMatchObject({ state: 'waiting', tries: 4, detail: 'bug' })
      expect(await harness.stored()).toBe(0)
      harness.behave = async () => {
        throw new TransientError('database away')
      }
      await expect(harness.consumer.replay(id, 'EPA Chief')).rejects.toThrow('database away')
      expect(await harness.consumer.letters.get(id)).toMatchObject({ state: 'waiting', tries: 4 })
    })

    it('waits on when what the handler wrote is refused, as late as that may be', async () => {
      const { id } = await giveUpOne()
      harness.behave = async (_event, tx) => tx.documents(PARCELS).put({ id: 'a', town: null, weight: 1, postedAt: 'no time' })
      const replayed = await harness.consumer.replay(id, 'EPA Chief').catch((error: unknown) => error)
      if (harness.isInMemory) return expect(replayed).toMatchObject({ state: 'replayed' })
      expect(replayed).toMatchObject({ code: 'HMS_DEAD_LETTER_FAILED', status: 422 })
      expect(await harness.consumer.letters.get(id)).toMatchObject({ state: 'waiting', tries: 4 })
    })

    it('records that its run had moved on', async () => {
      const { id } = await giveUpOne()
      harness.behave = async () => 'ignored-stale'
      expect(await harness.consumer.replay(id, 'EPA Chief')).toMatchObject({ state: 'replayed', closed: { reason: 'ignored-stale' } })
    })

    it.each<[string, Partial<BusRecord>]>([
      ['unreadable', {}],
      ['forged', { value: '"forged"', headers: {} }],
      ['of bytes', recordOfBytes({ key: null, value: Buffer.from([0xff]), headers: {} })],
    ])('is not when it is %s: it can only be discarded', async (_what, part) => {
      await harness.consumer.handle(await broken(part))
      const { id } = (await harness.letters())[0]!
      await expect(harness.consumer.replay(id, 'EPA Chief')).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_UNVERIFIED', status: 422 })
      expect(await harness.consumer.letters.discard(id, 'EPA Chief', 'noise')).toMatchObject({
        state: 'discarded',
        closed: { by: 'EPA Chief', reason: 'noise' },
      })
      expect(harness.handled).toEqual([])
    })

    it('is handled from its bytes where text would lose some', async () => {
      harness.behave = async () => {
        throw new Error('bug')
      }
      const record = await signedRecord(harness.identity, { keySeq: 1 })
      const utf8 = Object.entries(record.headers).map(([name, value]) => [name, Buffer.from(value)] as const)
      const headers = { ...Object.fromEntries(utf8), trace: Buffer.from([0xfe]) }
      await harness.consumer.handle({
        ...record,
        ...recordOfBytes({ key: Buffer.from(record.key!), value: Buffer.from(record.value!), headers }),
      })
      harness.behave = async () => {}
      await harness.consumer.replay((await harness.letters())[0]!.id, 'EPA Chief')
      expect(harness.handled).toEqual([1])
    })

    it('is not when its id is unknown', async () => {
      await expect(harness.consumer.replay('00000000-0000-8000-8000-000000000000', 'a')).rejects.toMatchObject({
        code: 'HMS_DEAD_LETTER_NOT_FOUND',
        status: 404,
      })
    })
  })

  it('are listed newest first, by state, in any number, without their content', async () => {
    for (let n = 0; n < 25; n++) {
      await harness.consumer.handle(await broken({ position: `0:${n}` }))
      if (n % 4 === 0) harness.clock.advanceTo(harness.clock.now().getTime() + 1)
    }
    const { letters } = harness.consumer
    const all = await letters.list(['waiting'], 100)
    expect(new Set(all.map(({ id }) => id)).size).toBe(25)
    expect(all.map(({ at }) => at)).toEqual(
      all
        .map(({ at }) => at)
        .toSorted()
        .toReversed(),
    )
    expect(all.every(({ value, raw }) => value === null && raw === undefined)).toBe(true)
    expect((await letters.list(undefined, 3)).map(({ at }) => at)).toEqual(all.slice(0, 3).map(({ at }) => at))
    expect(await letters.list(['discarded'], 100)).toEqual([])
  })
}
