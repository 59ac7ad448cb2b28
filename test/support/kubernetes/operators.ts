import { createRequire } from 'node:module'
import type { Kafka } from 'kafkajs'
import type * as KafkaJs from 'kafkajs'
import { Client } from 'pg'
import type { Manifest } from './manifests.js'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = createRequire(import.meta.url)(
  'kafkajs',
) as typeof KafkaJs

interface TopicSpec {
  partitions: number
  config: Record<string, string>
}
interface UserSpec {
  authorization: {
    acls: { resource: { type: Lower<keyof typeof RESOURCES>; name?: string; patternType?: string }; operations: string[] }[]
  }
}
type Lower<T extends string> = Lowercase<T>

const RESOURCES = { TOPIC: AclResourceTypes.TOPIC, GROUP: AclResourceTypes.GROUP, CLUSTER: AclResourceTypes.CLUSTER } as const
const OPERATIONS: Record<string, number> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
}

/**
 * What Strimzi's operators do with the KafkaTopics and KafkaUsers of the manifests, on one broker: it holds one copy of each partition, and
 * nothing waits for a second. Its users, and their passwords, are made with the broker.
 */
export async function actAsStrimzi(kafka: Kafka, manifests: readonly Manifest[]): Promise<void> {
  const of = (kind: string): Manifest[] => manifests.filter((manifest) => manifest.kind === kind)
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.createTopics({
      topics: of('KafkaTopic').map(({ metadata, spec }) => {
        const { partitions, config } = spec as unknown as TopicSpec
        const entries = Object.entries({ ...config, 'min.insync.replicas': '1' })
        const configEntries = entries.map(([name, value]) => ({ name, value }))
        return { topic: metadata.name, numPartitions: partitions, replicationFactor: 1, configEntries }
      }),
    })
    await admin.createAcls({ acl: of('KafkaUser').flatMap(({ metadata, spec }) => aclsOf(metadata.name, spec as unknown as UserSpec)) })
  } finally {
    await admin.disconnect()
  }
}

function aclsOf(user: string, { authorization }: UserSpec) {
  return authorization.acls.flatMap(({ resource, operations }) =>
    operations.map((operation) => ({
      resourceType: RESOURCES[resource.type.toUpperCase() as keyof typeof RESOURCES],
      resourceName: resource.name ?? 'kafka-cluster',
      resourcePatternType: resource.patternType === 'prefix' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      principal: `User:${user}`,
      host: '*',
      operation: OPERATIONS[operation]!,
      permissionType: AclPermissionTypes.ALLOW,
    })),
  )
}

interface ClusterSpec {
  managed: { roles: { name: string; passwordSecret: { name: string } }[] }
}

/** What CloudNativePG does with the Cluster of the manifests: its SQL once, then the roles' passwords. */
export async function actAsCloudNativePg(
  url: string,
  manifests: readonly Manifest[],
  passwordOf: (secret: string) => string,
): Promise<void> {
  const cluster = manifests.find(({ kind }) => kind === 'Cluster')!.spec as unknown as ClusterSpec
  const logins = cluster.managed.roles.map(({ name, passwordSecret }) => {
    return `ALTER ROLE ${name} LOGIN PASSWORD '${passwordOf(passwordSecret.name)}';`
  })
  await runSql(url, `${fileOf(manifests, 'roles.sql')}\n${logins.join('\n')}`)
}

/** Runs `grants.sql`, as the Job `hms-grants` does with psql. */
export function runGrants(url: string, manifests: readonly Manifest[]): Promise<void> {
  return runSql(url, fileOf(manifests, 'grants.sql'))
}

function fileOf(manifests: readonly Manifest[], name: string): string {
  return manifests.find(({ kind, data }) => kind === 'ConfigMap' && data?.[name] !== undefined)!.data![name]!
}

export async function runSql(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
