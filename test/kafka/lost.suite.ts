import type { Kafka } from 'kafkajs'
import { expect, it, onTestFinished } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import { applyTopics, KafkaBus, type LogPosition } from '#libs/messaging'
import { silentLogger, systemClock, uuidv7 } from '#libs/platform'
import type { TestBroker } from '../support/broker/start-kafka.js'

const TOPIC = 'hms.config.head.v1'
const BACK_MS = 40_000

/** What a log lost, also after it grew beyond the place again. It leaves the broker without what it had. */
export function lostSuite(brokerOf: () => TestBroker, kafkaOf: () => Kafka): void {
  it('a log reports lost records, also when others were written at their offsets', async () => {
    const open = (): KafkaBus => {
      const bus = new KafkaBus(kafkaOf(), systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) })
      onTestFinished(() => bus.close())
      return bus
    }
    const bus = open()
    const placed = await bus.publish([1, 2, 3].map((seq) => eventOf('canary-controller', seq)))
    const [first, , last] = [...placed.values()] as [LogPosition, LogPosition, LogPosition]
    expect(last.atMs).toBeGreaterThan(Date.now() - 60_000)
    await bus.publish([eventOf('rollout', 1)])
    expect(await bus.findLost(TOPIC, [first])).toEqual([])
    expect(await bus.findLost(TOPIC, [last])).toEqual([])
    const { partition, offset } = last

    await brokerOf().wipe()
    await applyTopics(kafkaOf(), 1)
    const reader = open()
    await expect
      .poll(() => reader.findLost(TOPIC, [last]).catch(() => undefined), { timeout: BACK_MS })
      .toEqual([{ partition, offset: 0, why: 'ends' }])
    await expect.poll(async () => (await reader.publish([eventOf('rollout', 2)])).size, { timeout: BACK_MS }).toBe(1)
    for (let seq = 3; seq <= offset + 4; seq++) await reader.publish([eventOf('rollout', seq)])
    expect(await reader.findLost(TOPIC, [last])).toEqual([{ partition, offset: 0, why: 'younger' }])
  }, 120_000)
}

function eventOf(producer: string, keySeq: number): OutgoingEvent {
  const head = {
    id: uuidv7(new Date()),
    source: `/hms-svc/${producer}`,
    type: 'hms.head.issued.v1',
    topic: TOPIC,
    time: new Date().toISOString(),
  }
  return { ...head, key: 'lost', keySeq, value: '{}' }
}
