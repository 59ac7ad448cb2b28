import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RETENTION_MS, type JsonObject, type VerifiedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { TerminalError, TransientError } from '#libs/platform'
import type { VirtualClock } from '#libs/platform/testing'
import { ConsumerHarness, type ConsumerAdapter } from './consumer-harness.js'
import { signedRecord } from './signed-record.js'

const DECISION = {
  run: 7,
  attempt: 2,
  id: 'a',
  decision: 'pause',
  stage: null,
  by: 'EPA Chief',
  reason: 'test',
  statement: { payloadType: 'a', payload: 'b', signatures: [] },
}

/** What `EventConsumer` keeps over every database. */
export function eventConsumerSuite(open: () => Promise<ConsumerAdapter>): void {
  let harness: ConsumerHarness
  beforeEach(async () => {
    harness = await ConsumerHarness.open(await open())
  })
  afterEach(() => harness.adapter.close())

  it('handles each event once and in order', async () => {
    await harness.deliver({ keySeq: 1 }, { keySeq: 2 }, { keySeq: 2 }, { keySeq: 1 }, { keySeq: 3 })
    expect(harness.handled).toEqual([1, 2, 3])
    expect(await harness.letters()).toEqual([])
  })

  it('begins with the oldest retained record of a stream', async () => {
    await harness.deliver({ keySeq: 17 }, { keySeq: 18 })
    expect(harness.handled).toEqual([17, 18])
  })

  it('passes the event on as it was signed', async () => {
    let seen: VerifiedEvent | undefined
    harness.behave = async (event) => void (seen = event)
    await harness.deliver({ keySeq: 1, data: { run: 7, list: [1, 'é'] } })
    const expected = { source: '/hms-svc/linter', topic: 'hms.lint.v1', keySeq: 1, runId: '7', attempt: 2 }
    expect(seen).toMatchObject({ ...expected, data: { run: 7, list: [1, 'é'] } })
  })

  it('hands each event to the handler of its type, and passes over what it has none for', async () => {
    const seen: string[] = []
    harness.consumer.on(
      ['hms.simulation.started.v1', 'hms.simulation.paused.v1'],
      async ({ type, data }) => void seen.push(`${type} ${data.run}`),
    )
    harness.consumer.on(['hms.simulation.failed.v1'], async ({ data }) => void seen.push(data.reason))
    const types = ['started', 'passed', 'paused', 'failed']
    const from = { topic: 'hms.simulation.v1', producer: 'simulator' } as const
    for (const [index, type] of types.entries())
      await harness.deliver({
        ...from,
        keySeq: index + 1,
        type: `hms.simulation.${type}.v1`,
        data: { run: 7, attempt: 2, reason: 'NO_BOTS', detail: '' },
      })
    expect(seen).toEqual(['hms.simulation.started.v1 7', 'hms.simulation.paused.v1 7', 'NO_BOTS'])
    expect([await harness.outcomes(), await harness.letters()]).toEqual([{ handled: 4 }, []])
  })

  it.each<[string, JsonObject]>([
    ['/detail: must be string', { run: 7, attempt: 2, reason: 'NO_BOTS', detail: 7 }],
    ["/reason: must have required property 'reason'", { run: 7, attempt: 2, detail: '' }],
    ['/attestation/signatures/0/sig: must be string', withSignature({ keyid: 'a', sig: null })],
  ])('whose data do not fit at %s is a dead letter that names the place, and its key advances', async (where, data) => {
    const seen: number[] = []
    harness.consumer.on(['hms.simulation.failed.v1'], async ({ keySeq }) => void seen.push(keySeq))
    const from = { topic: 'hms.simulation.v1', producer: 'simulator', type: 'hms.simulation.failed.v1' } as const
    await harness.deliver({ ...from, keySeq: 1, data }, { ...from, keySeq: 2, data: withSignature({ keyid: 'a', sig: 'b' }) })
    expect(seen).toEqual([2])
    const detail = `the data of hms.simulation.failed.v1 do not match its schema at ${where}`
    expect(await harness.letters()).toMatchObject([{ state: 'waiting', code: 'HMS_EVENT_SHAPE', detail, run: 7, tries: 1 }])
    expect(await harness.emitted()).toMatchObject([{ type: 'hms.run.poisoned.v1', data: { run: 7, reason: 'POISONED' } }])
  })

  it.each([
    ['/decision', { decision: 'split' }, 'split'],
    ['/stage', { stage: 'review' }, 'review'],
  ])('with a value at %s that this build does not know waits for a build that does, and fails no run', async (place, part, word) => {
    const seen: number[] = []
    const type = 'hms.run.decision-accepted.v1'
    harness.consumer.on([type], async ({ keySeq }) => void seen.push(keySeq))
    const from = { topic: 'hms.run.control.v1', producer: 'approver', type } as const
    await harness.deliver({ ...from, keySeq: 1, data: { ...DECISION, ...part } }, { ...from, keySeq: 2, data: DECISION })
    expect(seen).toEqual([2])
    const detail = `${type} has the value "${word}" at ${place}, which this build does not know`
    expect(await harness.letters()).toMatchObject([{ state: 'waiting', code: 'HMS_EVENT_WORD_UNKNOWN', detail, run: 7, tries: 1 }])
    expect(await harness.emitted()).toEqual([])
  })

  it('is done again by the first build that knows it, once it starts', async () => {
    harness.behave = async () => {
      throw new TerminalError('HMS_EVENT_WORD_UNKNOWN', 'says what is new')
    }
    await harness.deliver({ keySeq: 1 }, { keySeq: 2 }, { keySeq: 1, key: 'other' })
    await harness.consumer.letters.discard((await harness.letters()).find(({ key }) => key === 'other')!.id, 'test', 'of no interest')
    harness.behave = async () => {}
    await harness.consumer.start()
    await expect
      .poll(async () => (await harness.letters()).map(({ state }) => state).toSorted())
      .toEqual(['discarded', 'replayed', 'replayed'])
    expect(harness.handled.toSorted()).toEqual([1, 2])
    expect(await harness.emitted()).toEqual([])
    harness.consumer.stop()
  })

  it('reads no type twice, and no topic in two ways', () => {
    const nothing = async (): Promise<void> => {}
    harness.consumer.on(['hms.simulation.failed.v1'], nothing)
    expect(() => harness.consumer.on(['hms.simulation.failed.v1'], nothing)).toThrow('hms.simulation.failed.v1 is handled twice')
    expect(() => harness.consumer.on(['hms.lint.passed.v1'], nothing)).toThrow('simulator handles hms.lint.v1 twice')
  })

  it('skips heartbeats, and tombstones of compacted topics', async () => {
    const record = await signedRecord(harness.identity, { keySeq: 1 })
    await harness.consumer.handle({ ...record, key: '~heartbeat' })
    await harness.consumer.handle({ ...record, topic: 'hms.partner.v1', value: null })
    expect(harness.handled).toEqual([])
    expect(await harness.letters()).toEqual([])
  })

  it('counts what a handler found stale, and advances', async () => {
    harness.behave = async (event) => (event.keySeq === 1 ? 'ignored-stale' : undefined)
    await harness.deliver({ keySeq: 1 }, { keySeq: 2 })
    expect(harness.handled).toEqual([1, 2])
    expect(await harness.outcomes()).toEqual({ 'ignored-stale': 1, handled: 1 })
  })

  describe('in one packet', () => {
    const started = (keySeq: number, state = 'started') =>
      ({
        topic: 'hms.simulation.v1',
        producer: 'simulator',
        type: `hms.simulation.${state}.v1`,
        keySeq,
        data: { run: 7, attempt: 2, reason: 'NO_BOTS', detail: '' },
      }) as const

    it('are events whose handler only writes: each once and in order, whatever comes early or again', async () => {
      const seen: number[] = []
      const handle = async ({ keySeq }: VerifiedEvent, tx: Transaction): Promise<void> => tx.afterCommit(() => seen.push(keySeq))
      harness.consumer.onTopic('hms.simulation.v1', handle, { writesOnly: true })
      await harness.deliver(...[1, 2, 2, 1, 4, 3, 4].map((keySeq) => started(keySeq)))
      expect(seen).toEqual([1, 2, 3, 4])
      expect(await harness.outcomes()).toEqual({ handled: 4, duplicate: 3, parked: 1 })
    })

    it('are events that nobody handles, which wait for those before them, and let parked ones follow', async () => {
      const seen: number[] = []
      harness.consumer.on(['hms.simulation.failed.v1'], async ({ keySeq }) => void seen.push(keySeq))
      await harness.deliver(started(1), started(3, 'failed'), started(2), started(5), started(6, 'failed'), started(4))
      expect(seen).toEqual([3, 6])
      expect(await harness.parked()).toBe(0)
    })
  })

  describe('a gap', () => {
    it('parks what came early, and drains it in order when the missing one comes', async () => {
      await harness.deliver({ keySeq: 1 }, { keySeq: 4 }, { keySeq: 3 }, { keySeq: 4 })
      expect(harness.handled).toEqual([1])
      expect(await harness.parked()).toBe(2)
      await harness.deliver({ keySeq: 2 })
      expect(harness.handled).toEqual([1, 2, 3, 4])
      expect(await harness.parked()).toBe(0)
      await harness.deliver({ keySeq: 3 }, { keySeq: 5 })
      expect(harness.handled).toEqual([1, 2, 3, 4, 5])
    })

    it('blocks its own key only', async () => {
      await harness.deliver({ keySeq: 1 }, { keySeq: 3 }, { keySeq: 1, key: 'other' }, { keySeq: 2, key: 'other' })
      expect(harness.handled).toEqual([1, 1, 2])
    })

    it('parks what PostgreSQL would not take as jsonb', async () => {
      let seen: unknown
      harness.behave = async (event) => void (seen = event.data)
      await harness.deliver({ keySeq: 1 }, { keySeq: 3, data: { text: 'a\0b' } }, { keySeq: 2 })
      expect(harness.handled).toEqual([1, 2, 3])
      expect(seen).toEqual({ text: 'a\0b' })
    })

    it.each([
      ['the missing event comes again', 2],
      ['a later one comes', 9],
    ])('is drained after a crash in the middle of the parked ones, when %s', async (_what, next) => {
      await harness.deliver({ keySeq: 1 }, { keySeq: 3 }, { keySeq: 4 }, { keySeq: 5 })
      const stream = { consumer: 'simulator', producer: 'linter', topic: 'hms.lint.v1', key: 'epa-pm25-limit' }
      for (const done of [2, 3])
        await harness.run(
          async (tx) =>
            void (await harness.adapter.positions.advance(tx, stream, done), await harness.adapter.positions.unpark(tx, stream, done)),
        )
      await harness.deliver({ keySeq: next })
      expect(harness.handled).toEqual([1, 4, 5])
    })

    it('whose missing event never arrives ends: the stream continues behind it, with an alarm', async () => {
      await harness.consumer.start()
      await harness.deliver({ keySeq: 1 }, { keySeq: 5 }, { keySeq: 4 }, { keySeq: 3, key: 'other' }, { keySeq: 4, key: 'other' })
      expect(harness.handled).toEqual([1, 3, 4])
      harness.clock.advanceTo(harness.clock.now().getTime() + 60_000)
      await expect.poll(() => harness.handled).toEqual([1, 3, 4, 4, 5])
      expect(await harness.parked()).toBe(0)
      expect(harness.alarms).toMatchObject([{ keySeq: 4, topic: 'hms.lint.v1' }])
      expect(await harness.metrics.render()).toContain('hms_svc_repairs_total{service="simulator",what="gap"} 1\n')
      await harness.deliver({ keySeq: 2 }, { keySeq: 6 })
      expect(harness.handled).toEqual([1, 3, 4, 4, 5, 6])
      harness.consumer.stop()
    })

    it('of a compacted topic is no gap once the broker may have compacted', async () => {
      const seen: number[] = []
      harness.consumer.onTopic('hms.partner.v1', async ({ keySeq }) => void seen.push(keySeq))
      const partner = { producer: 'notifier', topic: 'hms.partner.v1', type: 'hms.partner.registered.v1', key: 'state-airboard' } as const
      await harness.deliver({ ...partner, keySeq: 1 }, { ...partner, keySeq: 3 })
      expect(seen).toEqual([1])
      harness.clock.advanceTo(harness.clock.now().getTime() + RETENTION_MS)
      await harness.deliver({ ...partner, keySeq: 5 }, { keySeq: 1 }, { keySeq: 3 })
      expect(seen).toEqual([1, 5])
      expect(harness.handled).toEqual([1])
    })

    it('of a topic where only the newest record counts is none, and an older record is dropped', async () => {
      const seen: number[] = []
      harness.consumer.onTopic('hms.config.state.v1', async ({ keySeq }) => void seen.push(keySeq))
      const state = { producer: 'config-store', topic: 'hms.config.state.v1', type: 'hms.state.recorded.v1', key: 'pm25@global' } as const
      await harness.deliver({ ...state, keySeq: 1 }, { ...state, keySeq: 4 }, { ...state, keySeq: 3 }, { ...state, keySeq: 5 })
      expect(seen).toEqual([1, 4, 5])
      expect(await harness.parked()).toBe(0)
    })

    it('of a log that got back what it had lost takes what came first late: the reader of every type alone', async () => {
      const seen: number[] = []
      harness.consumer.onTopic('hms.simulation.v1', async ({ keySeq }) => void seen.push(keySeq), { everyType: true })
      const simulated = { producer: 'simulator', topic: 'hms.simulation.v1', type: 'hms.simulation.started.v1' } as const
      await harness.deliver(
        { ...simulated, keySeq: 2 },
        { ...simulated, keySeq: 1 },
        { ...simulated, keySeq: 2 },
        { ...simulated, keySeq: 3 },
      )
      expect(seen).toEqual([2, 1, 3])
      await harness.deliver({ keySeq: 2 }, { keySeq: 1 }, { keySeq: 3 })
      expect(harness.handled).toEqual([2, 3])
    })

    it('does not outlive a missing event that is given up', async () => {
      harness.behave = async (event) => {
        if (event.keySeq === 2) throw new Error('bug')
      }
      await harness.deliver({ keySeq: 1 }, { keySeq: 3 }, { keySeq: 2 }, { keySeq: 4 })
      expect(harness.handled).toEqual([1, 3, 4])
      expect(await harness.parked()).toBe(0)
      expect(await harness.letters()).toMatchObject([{ code: 'HMS_EVENT_HANDLER_FAILED', position: '0:2' }])
    })

    it('takes no other event with it when a parked one fails', async () => {
      harness.behave = async (event) => {
        if (event.keySeq === 3) throw new Error('bug')
      }
      await harness.deliver({ keySeq: 1 }, { keySeq: 3 }, { keySeq: 4 }, { keySeq: 2 })
      expect(harness.handled).toEqual([1, 2, 4])
      expect(await harness.stored()).toBe(3)
      expect(await harness.letters()).toMatchObject([{ code: 'HMS_EVENT_HANDLER_FAILED', tries: 3 }])
    })

    it('is drained after a crash between the missing event and the parked ones', async () => {
      await harness.deliver({ keySeq: 1 }, { keySeq: 3 })
      const stream = { consumer: 'simulator', producer: 'linter', topic: 'hms.lint.v1', key: 'epa-pm25-limit' }
      await harness.run((tx) => harness.adapter.positions.advance(tx, stream, 2))
      // The bus had not moved past the missing event, so it comes again.
      await harness.deliver({ keySeq: 2 })
      expect(harness.handled).toEqual([1, 3])
    })
  })

  describe('a handler that fails', () => {
    it('by a bug is tried three times, then the event is a dead letter and its run is poisoned', async () => {
      let tries = 0
      harness.behave = async () => {
        tries++
        throw new Error('bug')
      }
      const record = await signedRecord(harness.identity, { keySeq: 1 })
      await harness.consumer.handle(record)
      expect(tries).toBe(3)
      expect(await harness.stored()).toBe(0)
      const { key, value, headers } = record
      expect(await harness.letters()).toMatchObject([
        { state: 'waiting', code: 'HMS_EVENT_HANDLER_FAILED', detail: 'bug', run: 7, tries: 3, key, value, headers },
      ])
      const poisoned = { type: 'hms.run.poisoned.v1', topic: 'hms.simulation.v1', key, causationId: headers['ce_id'] }
      expect(await harness.emitted()).toMatchObject([{ ...poisoned, data: { run: 7, attempt: 2, group: 'simulator', reason: 'POISONED' } }])

      harness.behave = async () => {}
      await harness.deliver({ keySeq: 1 }, { keySeq: 2 })
      expect(harness.handled).toEqual([2])
    })

    it.each<[string, JsonObject]>([
      ['null', { dossier: null }],
      ['without releases', { dossier: {} }],
      ['of invalid releases', { dossier: { releases: [null, 7] } }],
      ['of a policy whose id no lock takes', { dossier: { releases: [{ id: 'x'.repeat(20_000) }] } }],
    ])('over a dossier %s dead-letters the event alone', async (_what, data) => {
      harness.behave = async (event) => {
        if (event.keySeq === 1) throw new Error('bug')
      }
      await harness.deliver({ keySeq: 1, data }, { keySeq: 2 })
      expect(harness.handled).toEqual([2])
      expect(await harness.letters()).toMatchObject([{ code: 'HMS_EVENT_HANDLER_FAILED', run: 7 }])
    })

    it.each(['seven', '99999999999'])('poisons no run when the event names none that can be (%s)', async (runId) => {
      harness.behave = async () => {
        throw new Error('bug\0')
      }
      await harness.deliver({ keySeq: 1, runId })
      expect(await harness.letters()).toMatchObject([{ run: null, detail: 'bug\uFFFD' }])
      expect(await harness.emitted()).toEqual([])
    })

    it('in two instances at once, as when a partition goes from one to the other, is given up once', async () => {
      harness.behave = async () => {
        throw new Error('bug')
      }
      const record = await signedRecord(harness.identity, { keySeq: 1 })
      await Promise.all([harness.consumer.handle(record), harness.consumer.handle(record)])
      expect(await harness.letters()).toHaveLength(1)
      expect(await harness.emitted()).toHaveLength(1)
    })

    it('terminally is not tried again, and its code is kept', async () => {
      let tries = 0
      harness.behave = async () => {
        tries++
        throw new TerminalError('HMS_TEST_NEVER', 'never')
      }
      await harness.deliver({ keySeq: 1 })
      expect(tries).toBe(1)
      expect(await harness.letters()).toMatchObject([{ code: 'HMS_TEST_NEVER', tries: 1 }])
    })

    const refusal = (code: string): Error => Object.assign(new Error(`PostgreSQL refuses: ${code}`), { code })
    it.each([
      ['the world', new TransientError('down')],
      ['a read-only database', refusal('25006')],
      ['a replaced password', refusal('28P01')],
      ['a rule of pg_hba.conf', refusal('28000')],
      ['a database that a restore has renamed', refusal('3D000')],
    ])('by a fault of %s is tried until it is over', async (_of, fault) => {
      let down = 12
      harness.behave = async () => {
        if (down-- > 0) throw fault
      }
      const done = harness.deliver({ keySeq: 1 })
      await whileWaiting(done, harness.clock)
      expect(down).toBe(-1)
      expect(harness.handled).toEqual([1])
      expect(await harness.letters()).toEqual([])
      expect(await harness.emitted()).toEqual([])
    })

    it('while stopping lets the record come again', async () => {
      harness.behave = async () => {
        harness.consumer.stop()
        throw new TransientError('down')
      }
      await expect(harness.deliver({ keySeq: 1 })).rejects.toThrow('down')
      expect(await harness.stored()).toBe(0)
      harness.behave = async () => {}
      await harness.deliver({ keySeq: 1 })
      expect(harness.handled).toEqual([1])
    })
  })
}

function withSignature(signature: JsonObject): JsonObject {
  const attestation = { payload: '', payloadType: '', signatures: [signature] }
  return { run: 7, attempt: 2, reason: 'NO_BOTS', detail: '', attestation }
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
