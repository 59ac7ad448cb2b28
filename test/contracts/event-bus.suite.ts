import { expect, it } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import { openRecord, type BusRecord, type EventBus, type ReadPosition } from '#libs/messaging'
import { childTraceparent, inTrace, rememberTraceState, traceStateHeader, uuidv7, validTraceparent } from '#libs/platform'
import { Reading, STATE_TOPIC, TOPIC, type BusHarness } from './bus-harness.js'

/** What every `EventBus` keeps. The harness is shared: tests keep apart by their own keys and groups. */
export function eventBusSuite(harnessOf: () => BusHarness): void {
  const read = async (bus: EventBus, group: string, keys: string[]): Promise<Reading> => {
    const reading = new Reading(keys)
    await bus.subscribe({ group, topics: [TOPIC], handle: reading.handle })
    return reading
  }

  it('names what it has written', async () => {
    const harness = harnessOf()
    const key = harness.name()
    const events = [1, 2, 3].map((keySeq) => eventOf(key, keySeq))
    expect([...(await harness.openBus().publish(events)).keys()]).toEqual(events.map(({ id }) => id))
    expect(await harness.openBus().publish([])).toEqual(new Map())
  })

  it('delivers every record, in order per key, as it was signed', async () => {
    const harness = harnessOf()
    const keys = [harness.name(), harness.name(), harness.name()]
    const reading = await read(harness.openBus(), harness.name(), keys)
    for (let n = 0; n < 20; n++) await harness.emit(...keys)
    await reading.meet(60)
    for (const key of keys) expect(reading.seqs(key)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
    expect(reading.records.map((record) => openRecord(record, ['linter'], harness.identity.roster).ok)).not.toContain(false)
    for (const { key, headers } of reading.records) {
      expect(headers['hms-summary']).toBe(`run 7 ${key}: lint failed, TEST, 0 findings`)
      expect([headers['traceparent'], headers['ce_traceparent']]).toEqual([
        validTraceparent(headers['traceparent']),
        headers['traceparent'],
      ])
    }
  })

  it('delivers the tracestate of a trace, which its reader passes on', async () => {
    const harness = harnessOf()
    const [key, trace] = [harness.name(), childTraceparent(undefined)]
    const reading = await read(harness.openBus(), harness.name(), [key])
    rememberTraceState(trace, 'sent=1')
    await inTrace(trace, () => harness.emit(key))
    await reading.meet(1)
    rememberTraceState(trace, 'of-another=1')
    for (const record of reading.records) expect(openRecord(record, ['linter'], harness.identity.roster).ok).toBe(true)
    expect(traceStateHeader(trace)).toEqual({ tracestate: 'sent=1' })
  })

  it('gives a group that comes late everything from the oldest record', async () => {
    const harness = harnessOf()
    const key = harness.name()
    await harness.emit(key, key, key)
    const early = await read(harness.openBus(), harness.name(), [key])
    await early.meet(3)
    const late = await read(harness.openBus(), harness.name(), [key])
    await late.meet(3)
    expect(late.seqs()).toEqual([1, 2, 3])
  })

  it('gives every group everything', async () => {
    const harness = harnessOf()
    const key = harness.name()
    const bus = harness.openBus()
    const readings = [await read(bus, harness.name(), [key]), await read(bus, harness.name(), [key])]
    await harness.emit(key, key, key, key)
    await Promise.all(readings.map((reading) => reading.meet(4)))
    for (const reading of readings) expect(reading.seqs()).toEqual([1, 2, 3, 4])
  })

  it('counts what was written in the minute under way', async () => {
    const harness = harnessOf()
    const bus = harness.openBus()
    const written = async (): Promise<number> => {
      const rates = await bus.rates(new Date(Date.now() + 1_000))
      return rates.find(({ topic }) => topic === TOPIC.name)?.perMinute.reduce((sum, events) => sum + events, 0) ?? 0
    }
    const before = await written()
    const key = harness.name()
    const reading = await read(bus, harness.name(), [key])
    await harness.emit(key, key, key)
    await reading.meet(3)
    expect(await written()).toBe(before + 3)
  })

  it('continues at the position of the group after a restart', async () => {
    const harness = harnessOf()
    const [key, group] = [harness.name(), harness.name()]
    const first = harness.openBus()
    const before = await read(first, group, [key])
    await harness.emit(key, key, key)
    await before.meet(3)
    await harness.closeBus(first)
    await harness.emit(key, key)
    const after = await read(harness.openBus(), group, [key])
    await after.meet(2)
    await harness.emit(key)
    await after.meet(3)
    expect(after.seqs()).toEqual([4, 5, 6])
  })

  it('redelivers a record whose handler rejected while the bus closed', async () => {
    const harness = harnessOf()
    const [key, group] = [harness.name(), harness.name()]
    const bus = harness.openBus()
    let reject: (error: Error) => void = () => {}
    const inHandler = new Promise<void>((entered) => {
      const handle = (record: BusRecord): Promise<void> => {
        if (record.key !== key) return Promise.resolve()
        entered()
        return new Promise((_resolve, rejected) => (reject = rejected))
      }
      void bus.subscribe({ group, topics: [TOPIC], handle })
    })
    await harness.emit(key, key)
    await inHandler
    const closed = harness.closeBus(bus)
    reject(new Error('stopping'))
    await closed
    const again = await read(harness.openBus(), group, [key])
    await again.meet(2)
    expect(again.seqs()).toEqual([1, 2])
  })

  it('reads a topic of one partition on from a place, in no group, tombstones included', async () => {
    const harness = harnessOf()
    const [bus, a, b] = [harness.openBus(), harness.name(), harness.name()]
    let place: ReadPosition = 'beginning'
    const seen: string[] = []
    /** Reads up to the end, again and again until as many records of these keys have come. */
    const readUntil = async (count: number): Promise<void> => {
      while (seen.length < count) {
        const part = await bus.read(STATE_TOPIC, place)
        for (const { key, value } of part.records) if (key === a || key === b) seen.push(`${key === a ? 'a' : 'b'}=${value}`)
        place = part.next
      }
    }
    for (const [key, value] of [
      [a, '1'],
      [b, '2'],
      [a, null],
    ] as const)
      await harness.append(key, value)
    await readUntil(3)
    await harness.append(b, '3')
    await readUntil(4)
    expect(seen).toEqual(['a=1', 'b=2', 'a=null', 'b=3'])
    expect(await bus.read(STATE_TOPIC, place)).toEqual({ records: [], next: place, end: true })
    const [first] = (await harness.openBus().read(STATE_TOPIC, 'beginning')).records
    expect(first).toMatchObject({ topic: STATE_TOPIC.name })
  })

  it('scans topics from a time to their end, in no group', async () => {
    const harness = harnessOf()
    const [bus, early, late] = [harness.openBus(), harness.name(), harness.name()]
    const reading = await read(harness.openBus(), harness.name(), [early, late])
    await harness.emit(early, early)
    await reading.meet(2)
    const scanned = async (since: Date, topics = [TOPIC.name]): Promise<string[]> => {
      const found: string[] = []
      for await (const { key, headers } of bus.scan(topics, since))
        if (key === early || key === late) found.push(`${key === early ? 'early' : 'late'} ${headers['ce_keyseq']}`)
      return found
    }
    expect(await scanned(new Date(0))).toEqual(['early 1', 'early 2'])
    expect(await scanned(new Date(0), [STATE_TOPIC.name])).toEqual([])
    expect(await scanned(new Date(Date.now() + 60_000))).toEqual([])
    await harness.emit(late, late, late)
    await reading.meet(5)
    expect((await scanned(new Date(0))).filter((each) => each.startsWith('late'))).toEqual(['late 1', 'late 2', 'late 3'])
  })

  it('waits for the handler before the next record of the key', async () => {
    const harness = harnessOf()
    const key = harness.name()
    let inside = 0
    let most = 0
    const reading = new Reading([key])
    const handle = async (record: BusRecord): Promise<void> => {
      most = Math.max(most, record.key === key ? ++inside : 0)
      await new Promise((resolve) => setImmediate(resolve))
      if (record.key === key) inside--
      await reading.handle(record)
    }
    await harness.openBus().subscribe({ group: harness.name(), topics: [TOPIC], handle })
    await harness.emit(key, key, key, key)
    await reading.meet(4)
    expect(most).toBe(1)
  })
}

function eventOf(key: string, keySeq: number): OutgoingEvent {
  const time = new Date().toISOString()
  const head = { id: uuidv7(new Date()), source: '/hms-svc/linter', type: 'hms.lint.failed.v1', topic: TOPIC.name }
  return { ...head, key, keySeq, time, value: '{}' }
}
