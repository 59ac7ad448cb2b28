import { SERVICES, TOPICS } from '#libs/contracts'
import { groupOf, principalOf, wantedGrants, wantedTopics, type Grant } from '#libs/messaging'

/** The manifests are for three brokers; `HMS_KAFKA_REPLICATION` of the base says the same. */
const COPIES = 3
const CLUSTER = { 'strimzi.io/cluster': 'hms-kafka' }

/** A `KafkaTopic` for each topic of the catalogue, dead letters included. */
export function kafkaTopics(): object[] {
  return wantedTopics(COPIES).map(({ name, partitions, replication, config }) => ({
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: { name, labels: CLUSTER },
    spec: { partitions, replicas: replication, config },
  }))
}

/** A `KafkaUser` for each service with the grants of the catalogue, one for the Job that compares topics, and one for KEDA. */
export function kafkaUsers(): object[] {
  const services = SERVICES.map((service) => {
    const grants = wantedGrants().filter(({ principal }) => principal === principalOf(service))
    return user(`hms-${service}`, aclsOf(grants))
  })
  const ours = { type: 'topic', name: 'hms.', patternType: 'prefix' }
  return [
    ...services,
    user('hms-topics', [acl(ours, ['Describe', 'DescribeConfigs']), acl({ type: 'cluster' }, ['Describe'])]),
    user('hms-keda', [acl(ours, ['Describe']), ...stageGroups().map((name) => acl(literal('group', name), ['Describe']))]),
  ]
}

/** Groups of the services that KEDA scales: those of stages. */
function stageGroups(): string[] {
  const stages = TOPICS.filter(({ stage }) => stage === true).flatMap(({ producers }) => producers)
  return stages.map((service) => groupOf(service, ''))
}

function user(name: string, acls: object[]): object {
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaUser',
    metadata: { name, labels: CLUSTER },
    spec: { authentication: { type: 'scram-sha-512' }, authorization: { type: 'simple', acls } },
  }
}

/** Returns one ACL for each resource, with all operations on it. */
function aclsOf(grants: readonly Grant[]): object[] {
  const first = grants.filter((grant, at) => grants.findIndex((other) => isSameResource(grant, other)) === at)
  return first.map((one) =>
    acl(
      literal(one.resource, one.name),
      grants.filter((grant) => isSameResource(grant, one)).map(({ operation }) => OPERATIONS[operation]),
    ),
  )
}

function isSameResource(one: Grant, other: Grant): boolean {
  return one.resource === other.resource && one.name === other.name
}

const OPERATIONS = { READ: 'Read', WRITE: 'Write', DESCRIBE: 'Describe', DESCRIBE_CONFIGS: 'DescribeConfigs' } as const

function literal(type: string, name: string): object {
  return { type, name, patternType: 'literal' }
}

function acl(resource: object, operations: string[]): object {
  return { resource, operations, host: '*' }
}
