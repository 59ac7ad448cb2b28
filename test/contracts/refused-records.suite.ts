import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Envelope } from '#libs/contracts'
import { recordOfBytes, type BusRecord } from '#libs/messaging'
import { ConsumerHarness, type ConsumerAdapter } from './consumer-harness.js'
import { testIdentity } from '../support/identity.js'
import { signedRecord, type RecordSpec } from './signed-record.js'

/** Records that are not what they claim to be: no handler acts on them, they block no other record, and none is dropped in silence. */
export function refusedRecordsSuite(open: () => Promise<ConsumerAdapter>): void {
  let harness: ConsumerHarness
  beforeEach(async () => {
    harness = await ConsumerHarness.open(await open())
  })
  afterEach(() => harness.adapter.close())

  describe('a record', () => {
    it.each<[string, string, RecordSpec]>([
      ['is signed by another service', 'HMS_SIGNATURE_UNKNOWN_KEY', { keySeq: 1, signedBy: 'approver' }],
      ['names a producer that the topic does not have', 'HMS_EVENT_PRODUCER', { keySeq: 1, producer: 'rollout' }],
    ])('%s: recorded, ignored, and the stream stays where it was', async (_what, code, spec) => {
      await harness.deliver(spec)
      expect(harness.handled).toEqual([])
      expect(await harness.letters()).toMatchObject([{ state: 'ignored', group: 'simulator', topic: 'hms.lint.v1', code }])
      await harness.deliver({ keySeq: 1 })
      expect(harness.handled).toEqual([1])
    })

    it('is a copy under another key or topic', async () => {
      const record = await signedRecord(harness.identity, { keySeq: 1 })
      await harness.consumer.handle({ ...record, key: 'another-policy' })
      const elsewhere = await signedRecord(harness.identity, { keySeq: 1, topic: 'hms.simulation.v1' })
      await harness.consumer.handle({ ...elsewhere, topic: 'hms.lint.v1' })
      expect(harness.handled).toEqual([])
      const misplaced = { state: 'ignored', code: 'HMS_EVENT_MISPLACED' }
      expect(await harness.letters()).toMatchObject([misplaced, misplaced])
    })

    it('has a statement whose bytes were changed', async () => {
      const record = await signedRecord(harness.identity, { keySeq: 1 })
      const envelope = JSON.parse(record.value!) as Envelope
      const payload = Buffer.from(envelope.payload, 'base64').toString().replace('"n":1', '"n":2')
      await harness.consumer.handle({ ...record, value: JSON.stringify({ ...envelope, payload: Buffer.from(payload).toString('base64') }) })
      expect(harness.handled).toEqual([])
      expect(await harness.letters()).toMatchObject([{ state: 'ignored' }])
    })

    it.each<[string, Partial<BusRecord>]>([
      ['NUL in its value', { value: '{"a":"\0"}' }],
      ['NUL in its key', { key: 'epa\0pm25' }],
      ['NUL in a header and its name', { headers: { 'a\0b': 'c\0d' } }],
      ['a key of 64 KiB that nothing compresses', { key: randomBytes(32 * 1024).toString('hex') }],
      [
        'bytes that are no UTF-8',
        recordOfBytes({
          key: Buffer.from([0xff, 0x00]),
          value: Buffer.from([0xc3, 0x28, 0x00]),
          headers: { ce_source: Buffer.from([0xfe]) },
        }),
      ],
    ])('blocks no other record with %s', async (_what, part) => {
      const record = { ...(await signedRecord(harness.identity, { keySeq: 1 })), value: '{', ...part }
      await harness.consumer.handle(record)
      expect(await harness.letters()).toHaveLength(1)
      await harness.deliver({ keySeq: 1 })
      expect(harness.handled).toEqual([1])
    })

    it('has no value, although its topic is not compacted', async () => {
      await harness.consumer.handle({ ...(await signedRecord(harness.identity, { keySeq: 1 })), value: null })
      expect(await harness.letters()).toMatchObject([{ state: 'waiting', code: 'HMS_EVENT_UNREADABLE', value: null }])
    })

    it('is one letter, however often it comes before the group has moved on', async () => {
      const record = { ...(await signedRecord(harness.identity, { keySeq: 1 })), value: '{' }
      for (let time = 0; time < 3; time++) await harness.consumer.handle(record)
      await harness.consumer.handle({ ...record, position: '0:99' })
      expect((await harness.letters()).map((letter) => letter.position).toSorted()).toEqual(['0:1', '0:99'])
    })

    it('is no JSON: a dead letter that waits for a person', async () => {
      await harness.consumer.handle({ ...(await signedRecord(harness.identity, { keySeq: 1 })), value: '{' })
      expect(await harness.letters()).toMatchObject([{ state: 'waiting', code: 'HMS_EVENT_UNREADABLE', value: '{' }])
    })
  })

  it('a parked event whose key was revoked meanwhile does not block its stream', async () => {
    const poll = (): void => harness.clock.advanceTo(harness.clock.now().getTime() + 60_000)
    await harness.consumer.start()
    await harness.deliver({ keySeq: 1 }, { keySeq: 3 }, { keySeq: 4 }, { keySeq: 3, key: 'other' }, { keySeq: 5, key: 'other' })
    harness.identity = await testIdentity()
    poll()
    await expect.poll(() => harness.parked()).toBe(1)
    poll()
    await expect.poll(() => harness.parked()).toBe(0)
    expect(harness.handled).toEqual([1, 3])
    const refused = { state: 'ignored', code: 'HMS_SIGNATURE_UNKNOWN_KEY', position: 'parked' }
    expect(await harness.letters()).toMatchObject([refused, refused, refused])
    await harness.deliver({ keySeq: 5 })
    poll()
    await expect.poll(() => harness.handled).toEqual([1, 3, 5])
    await harness.deliver({ keySeq: 6 })
    expect(harness.handled).toEqual([1, 3, 5, 6])
    harness.consumer.stop()
  })

  describe('a type of event', () => {
    it('known in another major is a dead letter at once, its key advances, and its run waits for a newer build', async () => {
      await harness.deliver({ keySeq: 1, type: 'hms.lint.passed.v2' }, { keySeq: 2 })
      expect(harness.handled).toEqual([2])
      expect(await harness.letters()).toMatchObject([{ state: 'waiting', code: 'HMS_EVENT_MAJOR_UNKNOWN', tries: 1, run: 7 }])
      expect(await harness.emitted()).toEqual([])
    })

    it('that a newer producer added is passed over and counted', async () => {
      await harness.deliver({ keySeq: 1, type: 'hms.lint.admired.v1' }, { keySeq: 2 })
      expect(harness.handled).toEqual([2])
      expect(await harness.letters()).toEqual([])
      expect(await harness.outcomes()).toEqual({ unknown: 1, handled: 1 })
    })

    it('of any kind reaches a reader of every type', async () => {
      const seen: string[] = []
      harness.consumer.onTopic('hms.simulation.v1', async (event) => void seen.push(event.type), { everyType: true })
      for (const [index, type] of ['hms.simulation.passed.v2', 'hms.simulation.admired.v1'].entries()) {
        await harness.deliver({ keySeq: index + 1, type, topic: 'hms.simulation.v1', producer: 'simulator' })
      }
      expect(seen).toEqual(['hms.simulation.passed.v2', 'hms.simulation.admired.v1'])
      expect(await harness.letters()).toEqual([])
    })
  })
}
