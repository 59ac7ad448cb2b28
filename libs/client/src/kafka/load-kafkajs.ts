import { createRequire } from 'node:module'
import type { Kafka, KafkaConfig, logLevel as LogLevel, PartitionAssigners as PartitionAssignersType } from 'kafkajs'
import { HmsError } from '#libs/contracts'

export interface KafkaJs {
  Kafka: new (config: KafkaConfig) => Kafka
  logLevel: typeof LogLevel
  PartitionAssigners: typeof PartitionAssignersType
}

/**
 * Loads kafkajs, which is CommonJS without named exports that Node's loader could detect, and an optional package: it is loaded on connect.
 * Throws `HMS_KAFKAJS_MISSING`.
 */
export function loadKafkajs(load: (name: string) => unknown = createRequire(import.meta.url)): KafkaJs {
  try {
    return load('kafkajs') as KafkaJs
  } catch (cause) {
    throw new HmsError('HMS_KAFKAJS_MISSING', 'The package kafkajs is not installed; hms-svc/kafka reads a broker with it', {
      status: 500,
      next: ['npm install --include=optional'],
      cause,
    })
  }
}
