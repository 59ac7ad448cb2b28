import type { Kafka } from 'kafkajs'
import { expect, it, onTestFinished } from 'vitest'
import type { OutgoingEvent } from '#libs/contracts'
import { KafkaBus } from '#libs/messaging'
import { silentLogger, systemClock, uuidv7 } from '#libs/platform'

const RECORDS = 100_000
const BATCH = 5_000
const TOPIC = { name: 'hms.lint.v1', producers: ['linter'] }
/** kafkajs holds one fetch, 10 MiB at most, with what its parsing takes; far less than the log. */
const MEMORY_BYTES = 250 * 1024 * 1024

/** A reader that stands still while 100,000 records wait: it says how far behind it is, holds little of them, and reads them all after. */
export function lagSuite(kafkaOf: () => Kafka): void {
  it('a reader that stands still buffers at most a fetch, knows its lag, and catches up in order', async () => {
    const bus = new KafkaBus(kafkaOf(), systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) })
    onTestFinished(() => bus.close())
    const before = (await bus.lag(['simulator'])).find(({ topic }) => topic === TOPIC.name)!.messages
    const seen: number[] = []
    let goOn = (): void => {}
    let stuck = (): void => {}
    const standing = new Promise<void>((resolve) => (stuck = resolve))
    const gate = new Promise<void>((resolve) => (goOn = resolve))
    await bus.subscribe({
      group: 'simulator',
      topics: [TOPIC],
      handle: async ({ key, headers }) => {
        if (key !== 'lag') return
        if (seen.length === 0) stuck()
        await gate
        seen.push(Number(headers['ce_keyseq']))
      },
    })
    for (let from = 1; from <= RECORDS; from += BATCH) {
      const events = Array.from({ length: BATCH }, (_, at) => eventOf(from + at))
      expect((await bus.publish(events)).size).toBe(BATCH)
    }
    await standing
    const held = process.memoryUsage().rss
    const lagging = (await bus.lag(['simulator'])).find(({ topic }) => topic === TOPIC.name)!
    expect(lagging.messages).toBe(before + RECORDS)
    const [mine] = lagging.groups
    expect(Math.abs(mine!.messages - RECORDS) / RECORDS).toBeLessThan(0.05)
    expect(process.memoryUsage().rss - held).toBeLessThan(MEMORY_BYTES)

    goOn()
    const first = new Set<number>()
    await expect.poll(() => seen.forEach((seq) => first.add(seq)) ?? first.size, { timeout: 120_000 }).toBe(RECORDS)
    // A group reads some records again after a rebalance; the first reads are in order all the same.
    expect([...first].every((seq, at) => seq === at + 1)).toBe(true)
    await expect
      .poll(async () => (await bus.lag(['simulator'])).find(({ topic }) => topic === TOPIC.name)!.groups[0]!.messages, { timeout: 30_000 })
      .toBe(0)
  }, 240_000)

  it('an aborted transaction is no lag', async () => {
    const kafka = kafkaOf()
    const bus = new KafkaBus(kafka, systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) })
    const producer = kafka.producer({ transactionalId: 'somebody', maxInFlightRequests: 1, idempotent: true })
    onTestFinished(() => Promise.all([bus.close(), producer.disconnect()]).then(() => {}))
    const seen: (string | null)[] = []
    await bus.subscribe({ group: 'simulator', topics: [TOPIC], handle: async ({ key }) => void seen.push(key) })
    const lag = async () => (await bus.lag(['simulator'])).find(({ topic }) => topic === TOPIC.name)!
    await producer.connect()
    const before = (await lag()).messages
    const transaction = await producer.transaction()
    await transaction.send({ topic: TOPIC.name, messages: [{ key: 'aborted', value: 'x' }] })
    await transaction.abort()
    // The record and its marker.
    await expect.poll(async () => (await lag()).messages).toBe(before + 2)
    await expect.poll(async () => (await lag()).groups[0]!.messages, { timeout: 30_000 }).toBe(0)
    expect(seen).not.toContain('aborted')
  }, 60_000)
}

function eventOf(keySeq: number): OutgoingEvent {
  const head = {
    id: uuidv7(new Date()),
    source: '/hms-svc/linter',
    type: 'hms.lint.failed.v1',
    topic: TOPIC.name,
    time: '2026-01-01T00:00:00Z',
  }
  return { ...head, key: 'lag', keySeq, value: 'x'.repeat(400) }
}
