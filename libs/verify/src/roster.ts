import type { KeyObject } from 'node:crypto'
import { readLogKey, type LogKeys } from './log.js'
import { BundleRefused } from './refused.js'
import { isObject, jsonIn, openStatement, readKey, signersOf, type Json, type JsonObject } from './statement.js'

export interface Role {
  name: string
  principals: string[]
  threshold: number
  match: JsonObject
  bounds: Json | undefined
  soleOfficial: boolean
}

interface Principal {
  name: string
  kind: string
  keys: { keyid: string; key: KeyObject; notBefore: number; notAfter: number; revoked: number }[]
}

/** Approving roles of an earlier period, which ended at `untilMs` (ms since the epoch). */
export interface EarlierRoles {
  roles: Role[]
  untilMs: number
  /** Whether any role of the period also required the author's signature; `undefined`: the roster's profile decides. */
  authorSigns: boolean | undefined
}

export interface Roster {
  principals: Map<string, Principal>
  roles: Role[]
  /** Latest first. */
  earlier: EarlierRoles[]
  /** Signed predicate of the roster. `profile`, `bounds`, `soleOfficial` and `authorSigns` are read from it when needed. */
  rules: JsonObject
  /** Current log, then earlier ones; empty if the roster names none. */
  logs: LogKeys[]
  expiresMs: number
}

/** Parses the roster that the caller trusts. Throws `BundleRefused` for an inconsistent roster, or if too few of its people signed it. */
export function readRoster(bytes: Uint8Array): Roster {
  const envelope = jsonIn(Buffer.from(bytes).toString('utf8'))
  if (envelope === undefined) throw refusal('it is not JSON')
  const statement = openStatement(envelope, 'roster')
  const { principals, roles, revoked } = statement.predicate
  if (!isObject(principals) || !Array.isArray(roles)) throw refusal('principals or roles are missing')
  const revokedAtMs = readRevoked(revoked)
  const principalsById = new Map(Object.entries(principals).map(([id, principal]) => [id, readPrincipal(principal, revokedAtMs)]))
  const keyids = [...principalsById.values()].flatMap(({ keys }) => keys.map(({ keyid }) => keyid))
  if (new Set(keyids).size < keyids.length) throw refusal('one key is listed twice')
  const parsedRoles = roles.map(readRole)
  // The root role and its threshold decide who must sign a roster. Without a root role, any people count, and at least as many must sign as
  // the highest threshold of all roles. Distinct people count, not keys.
  const root = parsedRoles.find(({ match }) => match['root'] === true)
  const needed = root?.threshold ?? Math.max(1, ...parsedRoles.map(({ threshold }) => threshold))
  const entitled = entitledKeys(principalsById, ({ kind }, id) => kind === 'person' && (root === undefined || root.principals.includes(id)))
  const signers = signersOf(statement, entitled)
  const signed = [...principalsById.values()].filter(({ keys }) => keys.some(({ keyid }) => signers.has(keyid)))
  if (signed.length < needed) throw refusal(`${signed.length} people signed it, but ${needed} are required`)
  return {
    principals: principalsById,
    roles: parsedRoles,
    earlier: readEarlierRoles(statement.predicate['earlierRoles']),
    rules: statement.predicate,
    logs: readLogs(statement.predicate),
    expiresMs: timeOf(statement.predicate['expires'], Number.NaN),
  }
}

/** Returns the chosen principals' keys: valid and not revoked at `atMs` (ms since the epoch); without `atMs`, never revoked. */
export function entitledKeys(
  principals: ReadonlyMap<string, Principal>,
  which: (principal: Principal, id: string) => boolean,
  atMs?: number,
): Map<string, KeyObject> {
  const chosen = [...principals].filter(([id, principal]) => which(principal, id)).flatMap(([, { keys }]) => keys)
  const counts = ({ notBefore, notAfter, revoked }: Principal['keys'][number]): boolean =>
    atMs === undefined ? revoked === Infinity : atMs >= notBefore && atMs < Math.min(notAfter, revoked)
  return new Map(chosen.filter(counts).map(({ keyid, key }) => [keyid, key]))
}

/**
 * Returns the role that must approve a policy. A role for one of its tags or its id prefix precedes a role for all policies. Of several,
 * the highest threshold decides, then the fewest people, then the name. `dropped`: former tags of the policy; they count like its own.
 */
export function roleFor(roles: readonly Role[], policy: JsonObject, dropped?: Json): Role {
  const { id, tags } = policy
  const special = roles.filter(({ match }) => {
    if (match['all'] === true || match['root'] === true || match['service'] !== undefined) return false
    const byPrefix = match['idPrefix'] === undefined || (typeof id === 'string' && id.startsWith(String(match['idPrefix'])))
    return (
      byPrefix &&
      (match['tag'] === undefined || [tags, dropped].some((list) => Array.isArray(list) && list.includes(match['tag'] as string)))
    )
  })
  const candidates = special.length > 0 ? special : roles.filter(({ match }) => match['all'] === true)
  const [role] = candidates.sort(
    (a, b) => b.threshold - a.threshold || a.principals.length - b.principals.length || (a.name < b.name ? -1 : 1),
  )
  if (role === undefined) throw refusal(`no role may approve ${String(id)}`)
  return role
}

/** Reads the earlier roles, grouped by the end of their period, latest end first. */
function readEarlierRoles(value: Json | undefined): EarlierRoles[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw refusal('earlierRoles is not a list')
  const byEnd = new Map<number, EarlierRoles>()
  for (const entry of value) {
    if (!isObject(entry) || entry['until'] === undefined) throw refusal('until of an earlier role is missing')
    const untilMs = timeOf(entry['until'], Number.NaN)
    const period = byEnd.get(untilMs) ?? { roles: [], untilMs, authorSigns: undefined }
    const { authorSigns } = entry
    if (authorSigns !== undefined && typeof authorSigns !== 'boolean') throw refusal('authorSigns is not true or false')
    const signs = authorSigns === undefined ? period.authorSigns : period.authorSigns === true || authorSigns
    byEnd.set(untilMs, { untilMs, roles: [...period.roles, readRole(entry['role'] ?? null)], authorSigns: signs })
  }
  return [...byEnd.values()].sort((a, b) => b.untilMs - a.untilMs)
}

function readLogs(predicate: JsonObject): LogKeys[] {
  const { log, earlierLogs } = predicate
  if (typeof log !== 'string') return []
  const earlier = Array.isArray(earlierLogs) ? earlierLogs.filter(isObject) : []
  return [readLog(predicate, Infinity), ...earlier.map((each) => readLog(each, timeOf(each['until'], -Infinity)))]
}

function readLog({ log, witnesses, quorum }: JsonObject, untilMs: number): LogKeys {
  const names = Array.isArray(witnesses) ? witnesses.map(String) : []
  return { log: readLogKey(String(log)), witnesses: names.map(readLogKey), quorum: typeof quorum === 'number' ? quorum : 0, untilMs }
}

/** Returns the revocation time of each revoked key by key id, in ms since the epoch. */
function readRevoked(value: Json | undefined): Map<string, number> {
  if (value === undefined) return new Map()
  if (!Array.isArray(value)) throw refusal('revoked is not a list')
  return new Map(
    value.map((entry) => {
      if (!isObject(entry)) throw refusal('a revocation is not an object')
      return [String(entry['keyid']), timeOf(entry['since'] ?? null, -Infinity)]
    }),
  )
}

function readPrincipal(value: Json, revoked: ReadonlyMap<string, number>): Principal {
  if (!isObject(value) || typeof value['kind'] !== 'string' || !Array.isArray(value['keys']))
    throw refusal('kind or keys of a principal are missing')
  const keys = value['keys'].map((entry) => {
    if (!isObject(entry) || typeof entry['spki'] !== 'string') throw refusal('spki of a key is missing')
    const { key, keyid } = readKey(entry['spki'])
    if (entry['keyid'] !== keyid) throw refusal(`${String(entry['keyid'])} is not the fingerprint of its key`)
    return {
      key,
      keyid,
      notBefore: timeOf(entry['notBefore'], -Infinity),
      notAfter: timeOf(entry['notAfter'], Infinity),
      revoked: revoked.get(keyid) ?? Infinity,
    }
  })
  return { name: String(value['name']), kind: value['kind'], keys }
}

function readRole(value: Json): Role {
  if (!isObject(value) || !Array.isArray(value['principals']) || !isObject(value['match']) || !Number.isSafeInteger(value['threshold']))
    throw refusal('a role is incomplete')
  const { name, principals, threshold, match, bounds, soleOfficial } = value
  const role: Role = {
    name: String(name),
    principals: principals.map(String),
    threshold: threshold as number,
    match,
    bounds,
    soleOfficial: soleOfficial === true,
  }
  if (role.threshold < 1 || new Set(role.principals).size < role.principals.length)
    throw refusal('a role has no threshold, or names a person twice')
  return role
}

function timeOf(value: Json | undefined, fallback: number): number {
  if (value === undefined) return fallback
  const time = Date.parse(String(value))
  if (Number.isNaN(time)) throw refusal('a time in the roster is invalid')
  return time
}

function refusal(reason: string): BundleRefused {
  return new BundleRefused('HMS_VERIFY_ROSTER', `the roster is refused: ${reason}`)
}
