import type { ConsumerConfig, Kafka } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { KafkaReader } from './kafka-reader.js'
import type { NextOffset } from './offset-committer.js'
import type { GroupPosition } from './kafka-lag.js'

const TOPIC = { name: 'hms.lint.v1', producers: ['linter'] }
const LOOK_MS = 10_000

/** Controls of one consumer that the reader created. */
interface FakeConsumer {
  join(partitions: number[]): void
  take(partition: number): Promise<void>
  crash(restart: boolean): void
  rebalance(): void
  endBatch(batch: { partition: number; batchSize: number; lastOffset: string }): void
  /** Committed offsets. */
  committed: NextOffset[]
  /** Completes a start that hung. */
  completeStart(): void
  left: boolean
}

describe('a Kafka reader', () => {
  let clock: VirtualClock
  let consumers: FakeConsumer[]
  let positions: GroupPosition[]
  let replaced: string[]
  let fatal: string[]
  let handle: () => Promise<void>
  let reader: KafkaReader
  let hangs: Step | undefined
  let config: ConsumerConfig

  beforeEach(async () => {
    clock = new VirtualClock()
    consumers = []
    positions = []
    replaced = []
    fatal = []
    handle = async () => {}
    hangs = undefined
    const host = {
      contacted: () => {},
      unreachable: () => {},
      started: () => () => {},
      positions: async () => positions,
      replaced: (group: string) => void replaced.push(group),
      fatal: (error: Error) => void fatal.push(error.message),
    }
    const kafka = { consumer: (given: ConsumerConfig) => ((config = given), fakeConsumer(consumers, hangs)) } as unknown as Kafka
    reader = new KafkaReader(kafka, { group: 'simulator', topics: [TOPIC], handle: () => handle() }, host, clock, silentLogger)
    void reader.run()
    await settle()
    consumers[0]!.join([0, 1])
  })
  afterEach(() => reader.close())

  const waiting = (partition: number, at: number): void => {
    positions = [...positions.filter((place) => place.partition !== partition), { topic: TOPIC.name, partition, at, end: 9 }]
  }
  const looks = async (times: number): Promise<void> => {
    for (let look = 0; look < times; look++) {
      await settle()
      clock.advanceTo(clock.now().getTime() + LOOK_MS)
      await settle()
    }
  }

  it('replaces a consumer that handles nothing although records of its partitions wait', async () => {
    waiting(1, 4)
    await looks(2)
    expect(replaced).toEqual([])
    await looks(1)
    expect(replaced).toEqual(['simulator'])
    expect(consumers[0]!.left).toBe(true)
    await looks(1)
    expect(consumers).toHaveLength(2)
  })

  it.each(['connect', 'subscribe', 'run'] as const)('replaces a consumer whose %s never ends although records wait', async (step) => {
    waiting(1, 4)
    hangs = step
    consumers[0]!.crash(false)
    await looks(3)
    expect(replaced).toEqual([])
    hangs = undefined
    await looks(2)
    expect(replaced).toEqual(['simulator'])
    expect(consumers).toHaveLength(3)
    consumers[2]!.join([0, 1])
    await consumers[2]!.take(1)
  })

  it('disconnects and ignores a replaced consumer whose start completes after all', async () => {
    waiting(1, 4)
    hangs = 'connect'
    consumers[0]!.crash(false)
    await looks(3)
    hangs = undefined
    await looks(2)
    consumers[2]!.join([1])
    consumers[1]!.completeStart()
    consumers[1]!.left = false
    await settle()
    expect(consumers[1]!.left).toBe(true)
    consumers[1]!.join([0])
    await looks(7)
    expect(replaced).toHaveLength(2)
  })

  it('is closed after five seconds although its consumer never disconnects', async () => {
    hangs = 'disconnect'
    consumers[0]!.crash(false)
    await looks(1)
    let isClosed = false
    void reader.close().then(() => (isClosed = true))
    await settle()
    clock.advanceTo(clock.now().getTime() + 4_000)
    await settle()
    expect([consumers[1]!.left, isClosed]).toEqual([true, false])
    clock.advanceTo(clock.now().getTime() + 1_000)
    await settle()
    expect(isClosed).toBe(true)
    consumers[1]!.completeStart()
  })

  it('waits twice as long before the next replacement if a replacement did not help', async () => {
    waiting(1, 4)
    await looks(4)
    consumers[1]!.join([0, 1])
    await looks(4)
    expect(replaced).toHaveLength(1)
    await looks(3)
    expect(replaced).toHaveLength(2)
  })

  it.each<[string, () => void | Promise<void>, () => void | Promise<void>]>([
    ['takes records', () => waiting(1, 4), () => consumers[0]!.take(1)],
    ['advances elsewhere', () => waiting(1, 4), () => waiting(1, positions.find(({ partition }) => partition === 1)!.at + 1)],
    ['waits for another to read', () => waiting(5, 4), () => {}],
    ['has nothing to read', () => waiting(1, 9), () => {}],
    ['joined without any partition', () => (waiting(1, 4), consumers[0]!.join([])), () => {}],
  ])('keeps a consumer that %s', async (_what, before, meanwhile) => {
    await before()
    for (let look = 0; look < 6; look++) {
      await looks(1)
      await meanwhile()
    }
    expect(replaced).toEqual([])
  })

  it('keeps a consumer whose handler is running, however long', async () => {
    let done = (): void => {}
    handle = () => new Promise((resolve) => (done = resolve))
    void consumers[0]!.take(1)
    waiting(1, 4)
    await looks(30)
    expect(replaced).toEqual([])
    done()
  })

  it('recreates a consumer that crashed, and reports a fatal error after five crashes without a join', async () => {
    for (let index = 0; index < 4; index++) {
      consumers.at(-1)!.crash(false)
      await looks(1)
    }
    expect(consumers).toHaveLength(5)
    expect(fatal).toEqual([])
    consumers.at(-1)!.crash(false)
    expect(fatal).toEqual(['crashed'])
  })

  it('resets the count of crashes when its consumer joins the group', async () => {
    for (let index = 0; index < 12; index++) {
      consumers.at(-1)!.crash(false)
      await looks(1)
      consumers.at(-1)!.join([0])
    }
    expect(fatal).toEqual([])
  })

  it('commits the offsets of handled records before a rebalance and on close', async () => {
    await consumers[0]!.take(0)
    consumers[0]!.rebalance()
    await settle()
    expect(consumers[0]!.committed).toEqual([{ topic: TOPIC.name, partition: 0, offset: '5' }])
    consumers[0]!.join([1])
    await consumers[0]!.take(1)
    await reader.close()
    expect(consumers[0]!.committed).toEqual([expect.anything(), { topic: TOPIC.name, partition: 1, offset: '5' }])
  })

  it('commits the end of a batch without records, and not the end of a batch with records', async () => {
    consumers[0]!.endBatch({ partition: 0, batchSize: 0, lastOffset: '8' })
    consumers[0]!.endBatch({ partition: 1, batchSize: 3, lastOffset: '8' })
    await reader.close()
    expect(consumers[0]!.committed).toEqual([{ topic: TOPIC.name, partition: 0, offset: '9' }])
  })

  it('commits no offset of a record that could not be handled', async () => {
    handle = () => Promise.reject(new Error('stopping'))
    await consumers[0]!.take(0).catch(() => {})
    await reader.close()
    expect(consumers[0]!.committed).toEqual([])
  })

  it('keeps a consumer after a crash from which kafkajs recovers', async () => {
    consumers[0]!.crash(true)
    await looks(1)
    expect(consumers).toHaveLength(1)
  })

  it('follows its coordinator to another broker from its join until it is closed', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { name: 'KafkaJSConnectionError' })
    const looking = (): Promise<unknown> => {
      const lost = (): Promise<unknown> => Promise.reject(refused)
      const cluster = { findGroupCoordinator: lost, findBroker: lost }
      config.partitionAssigners![0]!({ cluster, groupId: 'simulator', logger: {} } as never)
      return cluster.findGroupCoordinator().catch((error: unknown) => error)
    }
    expect(await looking()).toMatchObject({ type: 'NOT_COORDINATOR_FOR_GROUP' })
    consumers[0]!.crash(false)
    await looks(1)
    expect(await looking()).toBe(refused)
    consumers[1]!.join([0])
    expect(await looking()).toMatchObject({ type: 'NOT_COORDINATOR_FOR_GROUP' })
    await reader.close()
    expect(await looking()).toBe(refused)
  })
})

type Step = 'connect' | 'subscribe' | 'run' | 'disconnect'

function fakeConsumer(made: FakeConsumer[], hangs?: Step): object {
  const listeners = new Map<string, ((event: { payload: object }) => void)[]>()
  const tell = (name: string, payload: object): void => listeners.get(name)?.forEach((listener) => listener({ payload }))
  let completeStart = (): void => {}
  const hanging = new Promise<void>((resolve) => (completeStart = resolve))
  let eachMessage = async (_record: object): Promise<void> => {}
  const message = { key: Buffer.from('a'), value: Buffer.from('{}'), headers: {}, offset: '4', timestamp: '1' }
  const fake: FakeConsumer = {
    join: (partitions) => tell('join', { memberAssignment: { [TOPIC.name]: partitions } }),
    take: (partition) => eachMessage({ topic: TOPIC.name, partition, message }),
    crash: (restart) => tell('crash', { restart, error: new Error('crashed') }),
    rebalance: () => tell('rebalancing', {}),
    endBatch: (batch) => tell('batch', { topic: TOPIC.name, ...batch }),
    committed: [],
    completeStart: () => completeStart(),
    left: false,
  }
  made.push(fake)
  const step = (name: Step): Promise<void> => (name === hangs ? hanging : Promise.resolve())
  return {
    events: { CRASH: 'crash', GROUP_JOIN: 'join', HEARTBEAT: 'heartbeat', REBALANCING: 'rebalancing', END_BATCH_PROCESS: 'batch' },
    on: (name: string, listener: (event: { payload: object }) => void) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    connect: () => step('connect'),
    subscribe: () => step('subscribe'),
    run: (options: { eachMessage: typeof eachMessage }) => ((eachMessage = options.eachMessage), step('run')),
    commitOffsets: async (offsets: NextOffset[]) => void fake.committed.push(...offsets),
    disconnect: () => ((fake.left = true), step('disconnect')),
  }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
