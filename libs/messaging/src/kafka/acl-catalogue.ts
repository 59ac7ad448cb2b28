import { deadLetterTopic, SERVICES, TOPICS, type ServiceName } from '#libs/contracts'
import { groupOf } from '../group-of.js'
import { topicsOf } from './kafka-topics.js'

type AclOperation = 'READ' | 'WRITE' | 'DESCRIBE' | 'DESCRIBE_CONFIGS'

export interface Grant {
  principal: string
  resource: 'topic' | 'group'
  name: string
  operation: AclOperation
}

/** Returns the user that a service logs in as: `HMS_KAFKA_SASL=scram-sha-512:hms-linter:…`. */
export function principalOf(service: ServiceName): string {
  return `User:hms-${service}`
}

/**
 * Returns each service's minimal permissions: write on topics it produces and its dead letters, read on topics it consumes or checks and on
 * its groups, describe-configs on topics it maintains. READ and WRITE include DESCRIBE; only the operator's `topics apply` alters topics.
 */
export function wantedGrants(): Grant[] {
  return SERVICES.flatMap((service) => [
    ...producerGrants(service),
    ...consumerGrants(service),
    ...grouplessGrants(service),
    ...describeGrants(service),
  ])
}

function producerGrants(service: ServiceName): Grant[] {
  const names = [...TOPICS.filter(({ producers }) => producers.includes(service)).map(({ name }) => name), deadLetterTopic(service)]
  return names.map((name) => grant(service, 'topic', name, 'WRITE'))
}

function consumerGrants(service: ServiceName): Grant[] {
  const names = TOPICS.filter(({ consumers }) => consumers.includes(service)).map(({ name }) => name)
  const groups = new Set(names.map((name) => groupOf(service, name)))
  return [
    ...names.map((name) => grant(service, 'topic', name, 'READ')),
    ...[...groups].map((name) => grant(service, 'group', name, 'READ')),
  ]
}

/** Grants for topics read without a group: approver checks its tokens, config-store compares the bots' records with its database. */
function grouplessGrants(service: ServiceName): Grant[] {
  if (service === 'approver') return [grant(service, 'topic', 'hms.token.v1', 'READ')]
  return service === 'config-store' ? [grant(service, 'topic', 'hms.config.state.v1', 'READ')] : []
}

/** Grants to check the settings of the topics that a service maintains; audit also reads the lag of every group. */
function describeGrants(service: ServiceName): Grant[] {
  const settings = topicsOf(service).map(({ name }) => grant(service, 'topic', name, 'DESCRIBE_CONFIGS'))
  return service === 'audit' ? [...settings, ...lagGrants()] : settings
}

/** audit serves `GET /v1/topics` for the whole installation: the lag of every group. */
function lagGrants(): Grant[] {
  const unread = TOPICS.filter(({ consumers }) => !consumers.includes('audit')).map(({ name }) => grant('audit', 'topic', name, 'DESCRIBE'))
  const groups = new Set(
    TOPICS.flatMap(({ name, consumers }) => consumers.filter((service) => service !== 'audit').map((service) => groupOf(service, name))),
  )
  return [...unread, ...[...groups].map((name) => grant('audit', 'group', name, 'DESCRIBE'))]
}

function grant(service: ServiceName, resource: Grant['resource'], name: string, operation: AclOperation): Grant {
  return { principal: principalOf(service), resource, name, operation }
}
