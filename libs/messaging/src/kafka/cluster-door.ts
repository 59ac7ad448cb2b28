import type { Consumer, Kafka, PartitionAssigner } from 'kafkajs'
import kafkajs from 'kafkajs'

/**
 * Opens a separate connection for requests that kafkajs' clients lack; the factory of a partition assigner is its only public access to a
 * cluster. `C`: its methods that the types omit. The consumer never joins a group: one that is not run only connects.
 */
export function openClusterDoor<C>(kafka: Kafka, groupId: string): { consumer: Consumer; cluster: C } {
  let cluster!: C
  const opened: PartitionAssigner = (config) => {
    cluster = config.cluster as unknown as C
    return kafkajs.PartitionAssigners.roundRobin(config)
  }
  const retry = { retries: 2, maxRetryTime: 500 }
  const consumer = kafka.consumer({ groupId, partitionAssigners: [opened], allowAutoTopicCreation: false, retry })
  return { consumer, cluster }
}
