import type { Kafka } from 'kafkajs'
import { expect, it, onTestFinished } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import { KafkaBus, type EventBus } from '#libs/messaging'
import { silentLogger, systemClock, uuidv7 } from '#libs/platform'
import type { TestBroker } from '../support/broker/start-kafka.js'
import { Reading, TOPIC } from '../contracts/bus-harness.js'

const BACK_MS = 40_000

/** Tests that a bus reports when its broker is down, loses nothing, and continues when it is back. It ends with a running broker. */
export function brokerDownSuite(brokerOf: () => TestBroker, kafkaOf: () => Kafka): void {
  const openBus = (): EventBus => {
    const bus = new KafkaBus(kafkaOf(), systemClock, silentLogger, {
      onFatal: (error) => expect.fail(`a consumer was given up: ${error.message}`),
    })
    onTestFinished(() => bus.close())
    return bus
  }

  it('names nothing while the broker is down, does not throw, and continues when it is back', async () => {
    const writer = openBus()
    const key = 'down-and-up'
    const events = [1, 2, 3, 4].map((keySeq) => eventOf(key, keySeq))
    const reader = openBus()
    const reading = new Reading([key])
    await reader.subscribe({ group: 'simulator.before', topics: [TOPIC], handle: reading.handle })
    expect((await writer.publish(events.slice(0, 2))).size).toBe(2)
    await reading.meet(2)
    expect([writer.state(), reader.state()]).toEqual(['up', 'up'])

    await brokerOf().kill()
    const late = new Reading([key])
    const started = openBus()
    await started.subscribe({ group: 'simulator.while-down', topics: [TOPIC], handle: late.handle })
    expect(started.state()).toBe('degraded')
    expect(await Promise.all([writer.publish(events.slice(2)), openBus().publish(events.slice(2))])).toEqual([new Map(), new Map()])
    expect(writer.state()).toBe('degraded')
    // A bus that only reads also notices it.
    await expect.poll(() => reader.state(), { timeout: BACK_MS }).toBe('degraded')

    await brokerOf().restart()
    // As the relay does: what was not returned is published again.
    await expect.poll(async () => (await writer.publish(events.slice(2))).size, { timeout: BACK_MS }).toBe(2)
    await Promise.all([reading.meet(4), late.meet(4)])
    expect(reading.seqs()).toEqual([1, 2, 3, 4])
    expect(late.seqs()).toEqual([1, 2, 3, 4])
    for (const bus of [writer, reader, started]) await expect.poll(() => bus.state(), { timeout: BACK_MS }).toBe('up')
  })

  it('closes while the broker is down, and hands back what it could not publish', async () => {
    await brokerOf().kill()
    onTestFinished(() => brokerOf().restart())
    const bus = openBus()
    await bus.subscribe({ group: 'simulator.never', topics: [TOPIC], handle: async () => {} })
    const publishing = bus.publish([eventOf('never', 1)])
    await bus.close()
    expect(await publishing).toEqual(new Map())
  })
}

function eventOf(key: string, keySeq: number): OutgoingEvent {
  const time = new Date().toISOString()
  const head = { id: uuidv7(new Date()), source: '/hms-svc/linter', type: 'hms.lint.failed.v1', topic: TOPIC.name }
  return { ...head, key, keySeq, time, value: '{}' }
}
