// A member of a consumer group that a bench can freeze: it joins and commits nothing. Arguments: brokers, group, topic.
import kafkajs from 'kafkajs'

const [brokers, groupId, topic] = process.argv.slice(2)
const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING })
// Silent for as long as a row takes, without being given up; a joiner waits for it as long.
const consumer = kafka.consumer({ groupId, sessionTimeout: 60_000, rebalanceTimeout: 60_000, heartbeatInterval: 1_000 })
consumer.on(consumer.events.GROUP_JOIN, () => process.stdout.write('joined\n'))
process.once('SIGTERM', () => void consumer.disconnect().finally(() => process.exit(0)))
await consumer.connect()
await consumer.subscribe({ topics: [topic] })
await consumer.run({ autoCommit: false, eachMessage: async () => {} })
