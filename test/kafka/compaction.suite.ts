import type { Admin, Kafka } from 'kafkajs'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { HEARTBEAT_KEY, type OutgoingEvent, type ServiceName } from '#libs/contracts'
import { KafkaBus, wantedTopics } from '#libs/messaging'
import { pause, silentLogger, systemClock, uuidv7, validTraceparent } from '#libs/platform'
import { Reading } from '../contracts/bus-harness.js'

const TOPIC_RESOURCE = 2
/** Read by services, each event of it. */
const READ = 'hms.partner.v1'
/** Read by bots, who want the newest of each key alone. */
const STATE = 'hms.config.state.v1'
const EVENTS = 20
/** A segment that lives for a second is soon old enough for the cleaner. */
const QUICK = { 'segment.ms': '1000', 'min.cleanable.dirty.ratio': '0.01' }

/** A service that is away while the broker compacts: what it has not read yet must still be there. */
export function compactionSuite(kafkaOf: () => Kafka): void {
  let admin: Admin
  beforeAll(async () => {
    admin = kafkaOf().admin()
    await admin.connect()
    for (const name of [READ, STATE]) await set(name, QUICK)
  })
  afterAll(async () => {
    for (const name of [READ, STATE]) await set(name, {})
    await admin.disconnect()
  })

  function set(name: string, other: Record<string, string>): Promise<unknown> {
    const { config } = wantedTopics().find((topic) => topic.name === name)!
    const configEntries = Object.entries({ ...config, ...other }).map(([key, value]) => ({ name: key, value }))
    return admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC_RESOURCE, name, configEntries }] })
  }

  it('takes nothing from a topic whose every event a service reads, and all but the newest from the state', async () => {
    const bus = new KafkaBus(kafkaOf(), systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) })
    onTestFinished(() => bus.close())
    for (let seq = 1; seq <= EVENTS; seq++) {
      expect((await bus.publish([eventOf('notifier', READ, seq), eventOf('config-store', STATE, seq)])).size).toBe(2)
    }
    const read = async (topic: string): Promise<number[]> => {
      const reading = new Reading(['compacted'])
      const reader = new KafkaBus(kafkaOf(), systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) })
      await reader.subscribe({ group: `simulator.${uuidv7(new Date())}`, topics: [{ name: topic, producers: [] }], handle: reading.handle })
      await expect.poll(() => reading.seqs().includes(EVENTS), { timeout: 10_000 }).toBe(true)
      await reader.close()
      return reading.seqs()
    }
    // An idle topic never compacts: heartbeats close its segments.
    await expect
      .poll(async () => (await bus.writeHeartbeats([READ, STATE]), await pause(systemClock, 1_000), (await read(STATE)).length), {
        timeout: 60_000,
      })
      .toBeLessThan(EVENTS)
    const { records } = await bus.read({ name: STATE }, 'beginning')
    const heartbeats = records.filter(({ key }) => key === HEARTBEAT_KEY)
    expect(heartbeats.map(({ headers }) => [headers['hms-summary'], validTraceparent(headers['traceparent'])])).toContainEqual([
      `${HEARTBEAT_KEY}: keeps the compaction of the topic going`,
      expect.any(String),
    ])
    expect(await read(READ)).toEqual(Array.from({ length: EVENTS }, (_, index) => index + 1))
  }, 90_000)
}

function eventOf(producer: ServiceName, topic: string, keySeq: number): OutgoingEvent {
  const head = { id: uuidv7(new Date()), source: `/hms-svc/${producer}`, type: 'hms.test.v1', topic, time: new Date().toISOString() }
  return { ...head, key: 'compacted', keySeq, value: '{}' }
}
