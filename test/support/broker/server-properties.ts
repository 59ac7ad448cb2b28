/** `advertised`: where clients are sent to, when that is not the broker itself but a proxy in front of it. */
export type BrokerPorts = {
  client: number
  controller: number
  advertised?: number
  secured?: boolean
  tls?: boolean
  cluster?: InCluster
  sold?: readonly SoldListener[]
}

/** Which node of a cluster it is, and where the controllers of all of them listen. */
export interface InCluster {
  node: number
  controllers: readonly number[]
}

/** A further listener, as managed services offer it: `properties` without `listener.name.<name>.`. */
export interface SoldListener {
  name: string
  port: number
  protocol: 'SASL_PLAINTEXT' | 'SASL_SSL' | 'SSL'
  properties: Readonly<Record<string, string>>
}

/** Who runs the secured broker: the only super user. */
export const ADMIN = { username: 'admin', password: 'admin-secret' }

/**
 * Everybody logs in, and may do nothing that no ACL says. The controller's listener has users of its own: an open one would make the broker
 * ANONYMOUS.
 */
const SECURED = `sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="controller" password="controller-secret" user_controller="controller-secret";
listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="${ADMIN.username}" password="${ADMIN.password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:${ADMIN.username};User:controller
allow.everyone.if.no.acl.found=false`

/** Beside it what `makeCertificates` wrote into the working directory. */
const TLS = `
listener.name.client.ssl.keystore.type=PEM
listener.name.client.ssl.keystore.location=keystore.pem
listener.name.client.ssl.truststore.type=PEM
listener.name.client.ssl.truststore.location=ca.pem`

function securityOf({ secured = false, tls = false }: Pick<BrokerPorts, 'secured' | 'tls'>): string {
  if (!secured) return 'listener.security.protocol.map=CONTROLLER:PLAINTEXT,CLIENT:PLAINTEXT'
  return `listener.security.protocol.map=CONTROLLER:SASL_PLAINTEXT,CLIENT:${tls ? 'SASL_SSL' : 'SASL_PLAINTEXT'}\n${SECURED}${tls ? TLS : ''}`
}

function addressOf({ name, port }: SoldListener): string {
  return `${name}://127.0.0.1:${port}`
}

function propertiesOf({ name, properties }: SoldListener): string[] {
  return Object.entries(properties).map(([key, value]) => `listener.name.${name.toLowerCase()}.${key}=${value}`)
}

/** One combined KRaft node: broker and controller in one process. Paths are relative to its working directory. */
export function serverProperties({ client, controller, advertised = client, secured, tls, cluster, sold = [] }: BrokerPorts): string {
  const { node, controllers } = cluster ?? { node: 1, controllers: [controller] }
  const copies = controllers.length
  const inSync = Math.max(1, copies - 1)
  return `process.roles=broker,controller
node.id=${node}
controller.quorum.bootstrap.servers=${controllers.map((port) => `127.0.0.1:${port}`).join(',')}
controller.listener.names=CONTROLLER
listeners=${[`CLIENT://127.0.0.1:${client}`, `CONTROLLER://127.0.0.1:${controller}`, ...sold.map(addressOf)].join(',')}
advertised.listeners=${[`CLIENT://127.0.0.1:${advertised}`, ...sold.map(addressOf)].join(',')}
inter.broker.listener.name=CLIENT
${[securityOf({ secured, tls }), ...sold.map(({ name, protocol }) => `${name}:${protocol}`)].join(',')}
${sold.flatMap(propertiesOf).join('\n')}
log.dirs=./data
auto.create.topics.enable=false
default.replication.factor=${copies}
min.insync.replicas=${inSync}
offsets.topic.replication.factor=${copies}
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=${copies}
transaction.state.log.min.isr=${inSync}
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=${copies}
share.coordinator.state.topic.min.isr=${inSync}
share.coordinator.state.topic.num.partitions=1
# no 3 s wait for the first member of an empty group
group.initial.rebalance.delay.ms=0
# after a kill, the predecessor's registration must expire before the broker is back: 9 s by default
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
# 60 s by default: too little for several that start on a busy machine at once
initial.broker.registration.timeout.ms=180000
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
