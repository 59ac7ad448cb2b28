import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { kafkaAvailable } from './kafka-jars.js'
import { startKafka } from './start-kafka.js'

const available = kafkaAvailable()

describe.skipIf(!available.ok)(`test broker${available.ok ? '' : ` (skipped: ${available.why})`}`, () => {
  it('keeps a record over a crash', async () => {
    const broker = await startKafka()
    onTestFinished(() => broker.stop())
    const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 12 } })
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] })
    await admin.disconnect()
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 'kept', messages: [{ key: 'k', value: 'before the crash' }] })
    await producer.disconnect()

    await broker.kill()
    await broker.restart()

    const consumer = kafka.consumer({ groupId: 'reader' })
    await consumer.connect()
    await consumer.subscribe({ topic: 'kept', fromBeginning: true })
    const read = new Promise<string | undefined>((resolve) => {
      void consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) })
    })
    expect(await read).toBe('before the crash')
    await consumer.disconnect()
  })
})
