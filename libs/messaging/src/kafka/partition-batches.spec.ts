import * as fc from 'fast-check'
import type { Kafka } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { partitionsOf, type OutgoingEvent } from '#libs/contracts'
import { silentLogger, systemClock } from '#libs/platform'
import { KafkaBus } from './kafka-bus.js'
import { partitionOf } from './kafka-connection.js'
import { partitionBatches } from './partition-batches.js'

const TOPIC = 'hms.lint.v1'
const BATCH_BYTES = 1024 * 1024

function event(id: number, key: string, bytes = 10): OutgoingEvent {
  const head = { source: '/hms-svc/linter', type: 'hms.lint.failed.v1', topic: TOPIC, time: '2026-01-01T00:00:00Z' }
  return { ...head, id: String(id), key, keySeq: id, value: 'x'.repeat(bytes) }
}

const events = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.constantFrom(10, 400_000, 2_000_000)), { maxLength: 30 })
  .map((parts) => parts.map(([key, bytes], index) => event(index, key, bytes)))

describe('a send of the producer', () => {
  it('contains events of one partition, in order, and is bounded in bytes', () => {
    fc.assert(
      fc.property(events, (rows) => {
        const batches = partitionBatches(rows)
        for (const { topic, partition, sends } of batches) {
          const mine = rows.filter((row) => partitionOf(row.key, partitionsOf(topic)) === partition)
          expect(sends.flat()).toEqual(mine)
          for (const send of sends) {
            const bytes = send.reduce((sum, row) => sum + row.value!.length, 0)
            expect(send.length === 1 || bytes <= BATCH_BYTES).toBe(true)
          }
        }
        expect(batches.flatMap(({ sends }) => sends.flat())).toHaveLength(rows.length)
      }),
      { numRuns: 40 },
    )
  })
})

describe('publish', () => {
  interface Sent {
    partitions: number[]
    ids: number
  }
  /** Client that responds as kafkajs does: one entry per partition that responded. */
  function client(answer: (partition: number, send: number) => { errorCode: number } | undefined): { kafka: Kafka; sends: Sent[] } {
    const sends: Sent[] = []
    const producer = {
      connect: async () => {},
      disconnect: async () => {},
      send: async ({ messages }: { messages: { partition: number }[] }) => {
        const partitions = [...new Set(messages.map(({ partition }) => partition))]
        sends.push({ partitions, ids: messages.length })
        return partitions.flatMap((partition) => {
          const said = answer(partition, sends.length)
          return said === undefined ? [] : [{ topicName: TOPIC, partition, errorCode: said.errorCode, baseOffset: '40' }]
        })
      },
    }
    return { kafka: { producer: () => producer } as unknown as Kafka, sends }
  }
  const publish = (kafka: Kafka, rows: OutgoingEvent[]) =>
    new KafkaBus(kafka, systemClock, silentLogger, { onFatal: () => {} }).publish(rows)
  const rows = ['a', 'b', 'c', 'd'].flatMap((key, at) => [event(at * 2, key), event(at * 2 + 1, key)])

  it('confirms events per partition, and no event of a partition that no reply names', async () => {
    const dead = partitionOf('b', partitionsOf(TOPIC))
    const { kafka, sends } = client((partition) => (partition === dead ? undefined : { errorCode: 0 }))
    const written = await publish(kafka, rows)
    expect(sends.every(({ partitions }) => partitions.length === 1)).toBe(true)
    const expected = rows.filter((row) => partitionOf(row.key, partitionsOf(TOPIC)) !== dead).map(({ id }) => id)
    expect([...written.keys()].toSorted()).toEqual(expected.toSorted())
  })

  it('confirms no event after a reply with an error', async () => {
    const { kafka } = client(() => ({ errorCode: 6 }))
    expect(await publish(kafka, rows)).toEqual(new Map())
  })

  it('returns the position of each confirmed event, and sends nothing after a failed send of the partition', async () => {
    const large = [event(0, 'a', 900_000), event(1, 'a', 900_000), event(2, 'a', 900_000)]
    const { kafka, sends } = client((_partition, send) => (send === 2 ? undefined : { errorCode: 0 }))
    const written = await publish(kafka, large)
    const partition = partitionOf('a', partitionsOf(TOPIC))
    expect([...written]).toEqual([['0', { partition, offset: 40 }]])
    expect(sends).toHaveLength(2)
  })
})
