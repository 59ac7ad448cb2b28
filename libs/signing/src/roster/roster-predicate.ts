import { isDigest } from '../digest.js'
import { PREDICATE_TYPES } from '../predicate-types.js'
import { isBoolean, isCount, isObject, isText, isTime, listOf, objectOf, oneOf, optional, type Check } from '../shape.js'
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

/** Which policies, which service, or the roster itself (`root`) a role speaks for. `idPrefix` and `tag` together must both match. */
export type RoleMatch = { idPrefix?: string; tag?: string; service?: string; all?: true; root?: true }

export type Role = {
  name: string
  principals: string[]
  threshold: number
  match: RoleMatch
  /** Of plans for what this role approves, beside those of the whole roster. */
  bounds?: PlanBounds
  /** The author may be the one who approves; only where one approval is enough. */
  soleOfficial?: boolean
}

/** A key that counts for nothing signed or witnessed at `since` (RFC 3339) or later. What it signed before stays good. */
export type Revocation = { keyid: string; since: string; reason: string }

/**
 * A log with its witnesses from before they changed. What enough of them had seen by `until` (RFC 3339) goes on counting; what they sign
 * later does not.
 */
export type EarlierLog = { log: string; witnesses: string[]; quorum: number; until: string }

/**
 * An approving role as it was until `until` (RFC 3339). Entries of one time are all approving roles of that time: a release that was
 * witnessed before it, and after that of the entries before them, may go by these instead of the roles of now. `role` has the bounds that
 * the whole roster set then; its people count only while the roster still names them.
 */
export type EarlierRole = {
  role: Role
  until: string
  /** Whether a release needed its author's own signature, as `authorSigns` of the roster. */
  authorSigns?: boolean
}

/** Who may do what: the root of trust, itself a signed statement. */
export type RosterPredicate = {
  version: number
  /** Digest of the first roster of the chain, in every later one: what is signed for one installation counts in no other. */
  installation?: string
  profile: 'demo' | 'production'
  expires: string
  principals: { [id: string]: { name: string; kind: PrincipalKind; keys: RosterKey[] } }
  roles: Role[]
  revoked?: Revocation[]
  /** The transparency log that releases and heads are in, as a C2SP vkey; absent where there is none. */
  log?: string
  /** Who else looks at the log (vkeys of cosignatures), and how many of them must have seen a checkpoint before it counts. */
  witnesses?: string[]
  quorum?: number
  /** Whose checkpoints counted before; without them what they proved must be approved again. */
  earlierLogs?: EarlierLog[]
  /** Roles that releases witnessed before a change may go by; without them such a release goes by the roles of now. */
  earlierRoles?: EarlierRole[]
  /** Of every plan. */
  bounds?: PlanBounds
  /** For all roles where one approval is enough. */
  soleOfficial?: boolean
  /** Whether a release needs its author's own signature, which counts for nothing else. Default: with profile `production`. */
  authorSigns?: boolean
}

const MAX_WITNESSES = 16
const MAX_REVOKED = 1000
const MAX_EARLIER_LOGS = 16
/** Some twenty changes of a roster with a dozen roles. */
export const MAX_EARLIER_ROLES = 256

const isKey = objectOf({ keyid: isText, spki: isText, notBefore: optional(isTime), notAfter: optional(isTime) })
const isPrincipal = objectOf({ name: isText, kind: oneOf('person', 'service', 'operator'), keys: listOf(isKey) })
const isEarlierLog = objectOf({ log: isText, witnesses: listOf(isText, MAX_WITNESSES), quorum: isCount, until: isTime })
const isRevocation = objectOf({ keyid: isText, since: isTime, reason: isText })
const isPrincipals: Check = (value) => isObject(value) && Object.values(value).every(isPrincipal)

/** A match is by everything, by the roster, by a service, or by id prefix and tag; a mixture would mean two things to two readers. */
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
