import { expect, it } from 'vitest'
import { loadKafkajs } from './kafka-source.js'

it('loads the package, and says what to install where it is missing', () => {
  expect(loadKafkajs()).toMatchObject({ Kafka: expect.any(Function) as unknown, PartitionAssigners: expect.any(Object) as unknown })
  const missing = (): never => {
    throw new Error("Cannot find module 'kafkajs'")
  }
  expect(() => loadKafkajs(missing)).toThrowError(
    expect.objectContaining({ code: 'HMS_KAFKAJS_MISSING', next: ['npm install --include=optional'] }),
  )
})
