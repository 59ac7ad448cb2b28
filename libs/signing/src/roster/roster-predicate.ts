import { isObject } from '#libs/contracts'
import { isDigest } from '../digest.js'
import { PREDICATE_TYPES } from '../predicate-types.js'
import { isBoolean, isCount, isText, isTime, listOf, objectOf, oneOf, optional, type Check } from '../shape.js'
import { subjectOfPredicate, type StatementKind } from '../statement-kind.js'
import { isBounds, type PlanBounds } from './plan-bounds.js'

export type RosterKey = {
  keyid: string
  /** SubjectPublicKeyInfo, DER in base64. */
  spki: string
  notBefore?: string
  notAfter?: string
}

export type PrincipalKind = 'person' | 'service' | 'operator'

/** Responsibility of a role: policies, a service, or the roster itself (`root`). With `idPrefix` and `tag`, both must match. */
export type RoleMatch = { idPrefix?: string; tag?: string; service?: string; all?: true; root?: true }

/** Describes a responsibility: `every policy`, `ids epa-…, tag air`, `the roster itself`. */
export function describeMatch({ all, root, service, idPrefix, tag }: RoleMatch): string {
  if (all === true) return 'every policy'
  if (root === true) return 'the roster itself'
  if (service !== undefined) return `the service ${service}`
  return [...(idPrefix === undefined ? [] : [`ids ${idPrefix}…`]), ...(tag === undefined ? [] : [`tag ${tag}`])].join(', ')
}

export type Role = {
  name: string
  principals: string[]
  threshold: number
  match: RoleMatch
  /** Bounds on plans that this role approves, in addition to those of the whole roster. */
  bounds?: PlanBounds
  /** Whether the author may be the approver. Permitted only with threshold 1. */
  soleOfficial?: boolean
}

/** A revoked key: signatures made or witnessed at `since` (RFC 3339) or later are invalid; earlier ones stay valid. */
export type Revocation = { keyid: string; since: string; reason: string }

/** A replaced log with its witnesses. Checkpoints that the quorum saw before `until` (RFC 3339) stay valid; later ones are invalid. */
export type EarlierLog = { log: string; witnesses: string[]; quorum: number; until: string }

/**
 * An approving role of an earlier period, which ended at `until` (RFC 3339). A release witnessed in this period may be judged by the roles
 * of the period. `role` includes the roster's bounds of that time. A person of the role counts only while the roster names the person.
 */
export type EarlierRole = {
  role: Role
  until: string
  /** Whether a release needed its author's own signature then; default as for `authorSigns` of the roster. */
  authorSigns?: boolean
}

/** Principals and their roles: the root of trust, as a signed statement. */
export type RosterPredicate = {
  version: number
  /** Digest of the first roster of the chain; contained in all later ones, so a signature for one installation is invalid in any other. */
  installation?: string
  profile: 'demo' | 'production'
  expires: string
  principals: { [id: string]: { name: string; kind: PrincipalKind; keys: RosterKey[] } }
  roles: Role[]
  revoked?: Revocation[]
  /** C2SP vkey of the transparency log of releases and heads; absent if there is none. */
  log?: string
  /** Witnesses of the log (vkeys of cosignatures). `quorum`: how many of them must have seen a valid checkpoint. */
  witnesses?: string[]
  quorum?: number
  /** Replaced logs and witnesses. Releases whose approval is only in a log that is not listed must be approved again. */
  earlierLogs?: EarlierLog[]
  /** Replaced roles, for releases witnessed before the change. Without them the current roles apply to those releases too. */
  earlierRoles?: EarlierRole[]
  /** Bounds on every plan. */
  bounds?: PlanBounds
  /** As in `Role`, for all roles with threshold 1. */
  soleOfficial?: boolean
  /** Whether a release needs its author's own signature in addition to the approvals. Default: true with profile `production`. */
  authorSigns?: boolean
}

const MAX_WITNESSES = 16
const MAX_REVOKED = 1000
const MAX_EARLIER_LOGS = 16
/** Enough for about twenty changes of a roster with a dozen roles. */
export const MAX_EARLIER_ROLES = 256

const isKey = objectOf({ keyid: isText, spki: isText, notBefore: optional(isTime), notAfter: optional(isTime) })
const isPrincipal = objectOf({ name: isText, kind: oneOf('person', 'service', 'operator'), keys: listOf(isKey) })
const isEarlierLog = objectOf({ log: isText, witnesses: listOf(isText, MAX_WITNESSES), quorum: isCount, until: isTime })
const isPrincipals: Check = (value) => isObject(value) && Object.values(value).every(isPrincipal)

/** Accepts `all`, `root`, `service`, or `idPrefix` and `tag`. Other combinations would be ambiguous. */
const isMatch: Check = (value) => {
  if (!isObject(value)) return false
  const members = Object.keys(value)
    .filter((member) => value[member] !== undefined)
    .sort()
    .join()
  if (members === 'all' || members === 'root') return value[members] === true
  return ['service', 'idPrefix', 'tag', 'idPrefix,tag'].includes(members) && Object.values(value).every(isText)
}

const isRole = objectOf({
  name: isText,
  principals: listOf(isText),
  threshold: isCount,
  match: isMatch,
  bounds: optional(isBounds),
  soleOfficial: optional(isBoolean),
})

const isEarlierRole = objectOf({ role: isRole, until: isTime, authorSigns: optional(isBoolean) })

export const ROSTER: StatementKind<RosterPredicate> = {
  predicateType: PREDICATE_TYPES.roster,
  shape: {
    version: isCount,
    installation: optional(isDigest),
    profile: oneOf('demo', 'production'),
    expires: isTime,
    principals: isPrincipals,
    roles: listOf(isRole),
    revoked: optional(listOf(objectOf({ keyid: isText, since: isTime, reason: isText }), MAX_REVOKED)),
    log: optional(isText),
    witnesses: optional(listOf(isText, MAX_WITNESSES)),
    quorum: optional(isCount),
    earlierLogs: optional(listOf(isEarlierLog, MAX_EARLIER_LOGS)),
    earlierRoles: optional(listOf(isEarlierRole, MAX_EARLIER_ROLES)),
    bounds: optional(isBounds),
    soleOfficial: optional(isBoolean),
    authorSigns: optional(isBoolean),
  },
  subject: (roster) => subjectOfPredicate(`roster@${roster.version}`, roster),
}
