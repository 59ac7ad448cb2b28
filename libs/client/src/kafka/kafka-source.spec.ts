import { expect, it } from 'vitest'
import { loadKafkajs } from './kafka-source.js'

it('loads kafkajs, and throws an error with the install command if it is missing', () => {
  expect(loadKafkajs()).toMatchObject({ Kafka: expect.any(Function) as unknown, PartitionAssigners: expect.any(Object) as unknown })
  const missing = (): never => {
    throw new Error("Cannot find module 'kafkajs'")
  }
  expect(() => loadKafkajs(missing)).toThrowError(
    expect.objectContaining({ code: 'HMS_KAFKAJS_MISSING', next: ['npm install --include=optional'] }),
  )
})
