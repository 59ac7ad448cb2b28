import { SERVICES } from '#libs/contracts'
import { isCausedBy } from '#libs/platform'
import type { AclEntry, AclFilter, Admin, Kafka } from 'kafkajs'
import kafkajs from 'kafkajs'
import { principalOf, wantedGrants, type Grant } from './acl-catalogue.js'
import { withAdmin } from './kafka-admin.js'
import { requireApplied, type TopicDifference } from './kafka-topics.js'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

/** Operations that change topics or records; an entry that allows one to another user is reported. */
const CHANGING: readonly number[] = [
  AclOperationTypes.ALL,
  AclOperationTypes.WRITE,
  AclOperationTypes.CREATE,
  AclOperationTypes.DELETE,
  AclOperationTypes.ALTER,
  AclOperationTypes.ALTER_CONFIGS,
]

const RESOURCES = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP }
const OURS: ReadonlySet<string> = new Set(SERVICES.map(principalOf))

interface AclComparison {
  missing: Grant[]
  /** Entries of the services' own users that are not in the catalogue. */
  extra: AclEntry[]
  /** Entries of other users that could change our topics; an operator decides about them. */
  foreign: AclEntry[]
}

/** Compares the broker's ACLs with the catalogue; returns no difference if the broker has no authorizer. */
export async function diffAcls(kafka: Kafka): Promise<TopicDifference[]> {
  return withAdmin(kafka, async (admin) => differencesOf(await compare(admin)))
}

/** Creates missing ACLs, deletes our users' ACLs outside the catalogue, and reports other users' ACLs. No authorizer: no change. */
export async function applyAcls(kafka: Kafka): Promise<TopicDifference[]> {
  return withAdmin(kafka, async (admin) => {
    const before = await compare(admin)
    if (before.missing.length > 0) await admin.createAcls({ acl: before.missing.map(entryOf) })
    if (before.extra.length > 0) await admin.deleteAcls({ filters: before.extra.map((entry): AclFilter => ({ ...entry })) })
    await requireApplied('ACLs', async () => {
      const { missing, extra } = await compare(admin)
      return missing.length === 0 && extra.length === 0
    })
    return differencesOf(before)
  })
}

async function compare(admin: Admin): Promise<AclComparison> {
  const found = await allEntries(admin)
  if (found === undefined) return { missing: [], extra: [], foreign: [] }
  const wanted = wantedGrants()
  const wantedTexts = new Set(wanted.map((grant) => textOf(entryOf(grant))))
  const foundTexts = new Set(found.map(textOf))
  return {
    missing: wanted.filter((grant) => !foundTexts.has(textOf(entryOf(grant)))),
    extra: found.filter((entry) => OURS.has(entry.principal) && !wantedTexts.has(textOf(entry))),
    foreign: found.filter((entry) => !OURS.has(entry.principal) && couldChange(entry)),
  }
}

/** Returns all entries; `undefined` if the broker has no authorizer, and so permits everything. */
async function allEntries(admin: Admin): Promise<AclEntry[] | undefined> {
  const all = {
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  }
  try {
    const { resources } = await admin.describeAcls(all)
    return resources.flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
      acls.map((acl) => ({ resourceType, resourceName, resourcePatternType, ...acl })),
    )
  } catch (error) {
    if (isCausedBy(error, (fault) => (fault as { type?: unknown }).type === 'SECURITY_DISABLED')) return undefined
    throw error
  }
}

function couldChange({ resourceType, resourceName, resourcePatternType, operation, permissionType }: AclEntry): boolean {
  if (resourceType !== AclResourceTypes.TOPIC || permissionType !== AclPermissionTypes.ALLOW || !CHANGING.includes(operation)) return false
  if (resourcePatternType === ResourcePatternTypes.PREFIXED) return resourceName.startsWith('hms.') || 'hms.'.startsWith(resourceName)
  return resourceName === '*' || resourceName.startsWith('hms.')
}

function entryOf({ principal, resource, name, operation }: Grant): AclEntry {
  return {
    resourceType: RESOURCES[resource],
    resourceName: name,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal,
    host: '*',
    operation: AclOperationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }
}

function differencesOf({ missing, extra, foreign }: AclComparison): TopicDifference[] {
  const row = (entry: AclEntry, wanted: string, found: string): TopicDifference => ({ topic: nameOf(entry), what: 'acl', wanted, found })
  return [
    ...missing.map((grant) => row(entryOf(grant), describeEntry(entryOf(grant)), 'nothing')),
    ...extra.map((entry) => row(entry, 'nothing', describeEntry(entry))),
    ...foreign.map((entry) => row(entry, 'nothing, by another user', describeEntry(entry))),
  ]
}

function nameOf({ resourceType, resourceName, resourcePatternType }: AclEntry): string {
  const name = resourcePatternType === ResourcePatternTypes.PREFIXED ? `${resourceName}*` : resourceName
  return resourceType === AclResourceTypes.TOPIC ? name : `${termOf(AclResourceTypes, resourceType).toLowerCase()} ${name}`
}

function describeEntry({ principal, operation, permissionType, host }: AclEntry): string {
  const denied = permissionType === AclPermissionTypes.DENY ? 'not ' : ''
  return `${principal} ${denied}${termOf(AclOperationTypes, operation)}${host === '*' ? '' : ` from ${host}`}`
}

/** Returns the name of a number. kafkajs' tables map names to numbers only, although their types declare both directions. */
function termOf(table: object, value: number): string {
  return Object.entries(table).find(([, number]) => number === value)?.[0] ?? String(value)
}

function textOf({ resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType }: AclEntry): string {
  return JSON.stringify([resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType])
}
