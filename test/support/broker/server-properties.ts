/** `advertised`: where clients are sent to, when that is not the broker itself but a proxy in front of it. */
export type BrokerPorts = { client: number; controller: number; advertised?: number }

/** One combined KRaft node: broker and controller in one process. Paths are relative to its working directory. */
export function serverProperties({ client, controller, advertised = client }: BrokerPorts): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${client},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${advertised}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=./data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
# no 3 s wait for the first member of an empty group
group.initial.rebalance.delay.ms=0
# after a kill, the predecessor's registration must expire before the broker is back: 9 s by default
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
num.network.threads=2
num.io.threads=2
# 128 MiB by default: would not fit the small heap
log.cleaner.dedupe.buffer.size=2097152
# 15 s by default; tests of compaction want it short
log.cleaner.backoff.ms=1000
log.segment.bytes=16777216
log.index.size.max.bytes=1048576
`
}
