import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import { Outbox, Reconciler, Relay, type LostPosition, type LogPosition } from '#libs/messaging'
import { MemoryBus, MemoryLog, MemoryOutboxStore } from '#libs/messaging/testing'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { testIdentity, type TestIdentity } from '../support/identity.js'

const TOPIC = 'hms.lint.v1'
const MINUTE_MS = 60_000

/** A log that knows when each record was appended, as Kafka's topics do. */
class TimedBus extends MemoryBus {
  readonly times: number[] = []
  private now = 0

  constructor(private readonly held: MemoryLog) {
    super(held)
  }

  override async publish(events: readonly OutgoingEvent[]): Promise<ReadonlyMap<string, LogPosition>> {
    const places = await super.publish(events)
    return new Map([...places].map(([id, place]) => [id, { ...place, atMs: (this.times[place.offset] = ++this.now) }]))
  }

  override async findLost(topic: string, acknowledged: readonly LogPosition[]): Promise<readonly LostPosition[]> {
    const shorter = await super.findLost(topic, acknowledged)
    const younger = acknowledged.flatMap(({ partition, offset, atMs = 0 }) => {
      const first = this.times.findIndex((time) => time > atMs)
      return first >= 0 && first <= offset ? [{ partition, offset: first, why: 'younger' as const }] : []
    })
    return shorter.length > 0 ? shorter : younger
  }

  /** The log loses what lies from `length` on, and another producer goes on with it. */
  cut(length: number, ...others: string[]): void {
    this.held.topic(TOPIC).length = length
    this.times.length = length
    for (const key of others) {
      this.held.topic(TOPIC).push({ topic: TOPIC, key, value: '{}', headers: {}, position: '' })
      this.times.push(++this.now)
    }
  }
}

/** A broker that acknowledged and lost it: the log is shorter than it said, or holds something else there. */
describe('outbox and log', () => {
  let identity: TestIdentity
  let clock: VirtualClock
  let log: MemoryLog
  let bus: TimedBus
  let database: MemoryDatabase
  let metrics: Metrics
  let outbox: Outbox
  let relay: Relay
  const store = new MemoryOutboxStore()

  beforeEach(async () => {
    identity ??= await testIdentity()
    clock = new VirtualClock()
    log = new MemoryLog()
    database = new MemoryDatabase(clock)
    metrics = new Metrics()
    bus = new TimedBus(log)
    const reconciler = new Reconciler(database, store, bus, '/hms-svc/linter', silentLogger, metrics)
    relay = new Relay(database, store, bus, { tryLead: async () => true }, reconciler, '/hms-svc/linter', clock, silentLogger)
    outbox = new Outbox(store, 'linter', identity.serviceSigner('linter'), () => relay.wake())
    relay.start()
  })
  afterEach(() => relay.stop())

  const emit = async (...keys: string[]): Promise<void> => {
    const data = { run: 7, attempt: 1, reason: 'TEST', detail: '', findings: [] }
    for (const key of keys) await database.transaction((tx) => outbox.emit(tx, 'hms.lint.failed.v1', data, { key }))
    await settled()
  }
  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; quiet = relay.idle ? quiet + 1 : 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const pass = async (ms: number): Promise<void> => {
    clock.advanceTo(clock.elapsedMs() + ms)
    await settled()
  }
  const keys = (): string[] => log.topic(TOPIC).map(({ key }) => key!)
  const repairs = async (): Promise<number> => Number(/^hms_svc_repairs_total\{.*what="log"\} (\d+)$/m.exec(await metrics.render())?.[1])

  it('that agree are left alone', async () => {
    await emit('a', 'b')
    for (let minute = 0; minute < 5; minute++) await pass(MINUTE_MS)
    expect(keys()).toEqual(['a', 'b'])
    expect(await repairs()).toBe(0)
  })

  it('are the same again within a minute when the log lost its tail', async () => {
    await emit('a', 'b', 'c')
    log.topic(TOPIC).length = 1
    await pass(MINUTE_MS)
    expect(keys()).toEqual(['a', 'a', 'b', 'c'])
    expect(await repairs()).toBe(3)
  })

  it('are the same again within a minute after the clock of this process was set back', async () => {
    await emit('a', 'b', 'c')
    vi.spyOn(clock, 'now').mockImplementation(() => new Date(clock.elapsedMs() - 60 * MINUTE_MS))
    log.topic(TOPIC).length = 1
    await pass(MINUTE_MS)
    expect(keys()).toEqual(['a', 'a', 'b', 'c'])
  })

  it('are equal again at the next send after the log was emptied', async () => {
    await emit('a', 'b', 'c')
    log.topic(TOPIC).length = 0
    await emit('d')
    // The record that showed it once more behind the others, for a reader that comes back to an offset beyond it.
    expect(keys()).toEqual(['d', 'a', 'b', 'c', 'd'])
    for (let minute = 0; minute < 3; minute++) await pass(MINUTE_MS)
    expect(keys()).toEqual(['d', 'a', 'b', 'c', 'd'])
  })

  it('are the same again within a minute when another producer wrote where the tail was', async () => {
    await emit('a', 'b')
    bus.cut(1, 'x', 'x')
    await pass(MINUTE_MS)
    expect(keys()).toEqual(['a', 'x', 'x', 'a', 'b'])
    for (let minute = 0; minute < 3; minute++) await pass(MINUTE_MS)
    expect(await repairs()).toBe(2)
  })

  it.each([0, 60])(
    'are the same again at the next send when another producer wrote where the tail was (clock %i min back)',
    async (back) => {
      await emit('a', 'b')
      vi.spyOn(clock, 'now').mockImplementation(() => new Date(clock.elapsedMs() - back * MINUTE_MS))
      bus.cut(1, 'x', 'x')
      await pass(2_000)
      await emit('c')
      expect(keys()).toEqual(['a', 'x', 'x', 'c', 'a', 'b', 'c'])
      for (let minute = 0; minute < 3; minute++) await pass(MINUTE_MS)
      expect(keys()).toHaveLength(7)
    },
  )

  it('are not sent again and again when a clock of the broker that was set back looks like a loss', async () => {
    await emit('a', 'b')
    bus.times[0] = 1_000
    for (let minute = 0; minute < 9; minute++) await pass(MINUTE_MS)
    expect(await repairs()).toBe(2)
    bus.cut(0)
    await pass(MINUTE_MS)
    expect(keys()).toEqual(['a', 'b'])
  })
})
