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

/** Policies, service, or the roster itself (`root`) that a role is responsible for. `idPrefix` and `tag` together must both match. */
export type RoleMatch = { idPrefix?: string; tag?: string; service?: string; all?: true; root?: true }

export type Role = {
  name: string
  principals: string[]
  threshold: number
  match: RoleMatch
  /** Bounds on plans that this role approves, in addition to those of the whole roster. */
  bounds?: PlanBounds
  /** The author may be the approver; only if one approval suffices. */
  soleOfficial?: boolean
}

/** A key that does not count for anything signed or witnessed at `since` (RFC 3339) or later. Its earlier signatures stay valid. */
export type Revocation = { keyid: string; since: string; reason: string }

/** A log with its witnesses before a change. Checkpoints seen by the quorum until `until` (RFC 3339) stay valid; later ones do not. */
export type EarlierLog = { log: string; witnesses: string[]; quorum: number; until: string }

/**
 * An approving role as it was until `until` (RFC 3339). Entries of one time are all approving roles of that time: a release witnessed
 * before it, and after the time of the preceding entries, may be judged by these instead of the current roles. `role` includes the bounds
 * that the whole roster had then; its people count only while the roster still names them.
 */
export type EarlierRole = {
  role: Role
  until: string
  /** Whether a release needed its author's own signature, as `authorSigns` of the roster. */
  authorSigns?: boolean
}

/** Defines principals and their permissions: the root of trust, itself a signed statement. */
export type RosterPredicate = {
  version: number
  /** Digest of the first roster of the chain, in every later one: a signature for one installation is invalid in any other. */
  installation?: string
  profile: 'demo' | 'production'
  expires: string
  principals: { [id: string]: { name: string; kind: PrincipalKind; keys: RosterKey[] } }
  roles: Role[]
  revoked?: Revocation[]
  /** C2SP vkey of the transparency log of releases and heads; absent if there is none. */
  log?: string
  /** Witnesses of the log (vkeys of cosignatures), and how many of them must have seen a checkpoint for it to be valid. */
  witnesses?: string[]
  quorum?: number
  /** Earlier logs and witnesses; without them, entries proven by those must be approved again. */
  earlierLogs?: EarlierLog[]
  /** Roles for releases witnessed before a change; without them such a release is judged by the current roles. */
  earlierRoles?: EarlierRole[]
  /** Bounds on every plan. */
  bounds?: PlanBounds
  /** Applies to all roles for which one approval suffices. */
  soleOfficial?: boolean
  /** Whether a release needs its author's own signature, which counts for nothing else. Default: true with profile `production`. */
  authorSigns?: boolean
}

const MAX_WITNESSES = 16
const MAX_REVOKED = 1000
const MAX_EARLIER_LOGS = 16
/** About twenty changes of a roster with a dozen roles. */
export const MAX_EARLIER_ROLES = 256

const isKey = objectOf({ keyid: isText, spki: isText, notBefore: optional(isTime), notAfter: optional(isTime) })
const isPrincipal = objectOf({ name: isText, kind: oneOf('person', 'service', 'operator'), keys: listOf(isKey) })
const isEarlierLog = objectOf({ log: isText, witnesses: listOf(isText, MAX_WITNESSES), quorum: isCount, until: isTime })
const isRevocation = objectOf({ keyid: isText, since: isTime, reason: isText })
const isPrincipals: Check = (value) => isObject(value) && Object.values(value).every(isPrincipal)

/** A match is by everything, by the roster, by a service, or by id prefix and tag; a mixture would be ambiguous. */
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
    revoked: optional(listOf(isRevocation, MAX_REVOKED)),
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
