import type { JsonObject } from '#libs/contracts'
import { digestOfJson } from '../digest.js'
import { readRelease } from '../release.js'
import { SignatureError } from '../signature-error.js'
import { checkSignatures } from '../verify-envelope.js'
import type { Role, RoleMatch } from './roster-predicate.js'
import type { Principal, Roster } from './roster.js'

/** So many distinct people out of `eligible` (principal ids) must sign. */
export type ApprovalRequirement = { role: string; threshold: number; eligible: string[] }

export type Approver = { id: string; name: string }

export type ApprovalState = {
  /** Distinct people who count, in the order in which they signed. */
  approvedBy: Approver[]
  /** People of the roster who signed truly but do not count for this policy. */
  notCounted: Approver[]
  /** Roles that still lack people; empty when complete. */
  missing: string[]
  complete: boolean
  /** Key ids of signatures that are false, or of nobody who may sign. */
  invalid: string[]
}

/**
 * Which role must approve a policy. Roles that name its tag or id prefix beat the one for everything; among
 * several the strictest speaks: the highest threshold, then the fewest eligible people.
 */
export function approvalRequirement(roster: Roster, policy: JsonObject): ApprovalRequirement {
  const matching = roster.roles.filter((role) => matches(role.match, policy))
  const special = matching.filter((role) => role.match.all !== true)
  const [role] = (special.length > 0 ? special : matching).sort(strictestFirst)
  if (!role) throw new SignatureError('HMS_ROSTER_NO_ROLE', `no role of the roster may approve ${String(policy['id'])}`)
  return { role: role.name, threshold: role.threshold, eligible: role.principals }
}

/**
 * How far the approval of a release has come. Counts people, not keys: two keys of one person, or one signature
 * twice, are one. Throws `HMS_RELEASE_MISMATCH` when the envelope is for another policy than `policy`.
 * `at` (RFC 3339) is when key validity is judged: the witnessed time where there is one, else when it was prepared.
 */
export function approvalState(roster: Roster, policy: JsonObject, envelope: unknown, at?: string): ApprovalState {
  const { predicate, policyDigest } = readRelease(envelope)
  if (digestOfJson(policy) !== policyDigest) throw new SignatureError('HMS_RELEASE_MISMATCH', 'the release is for another policy')
  const requirement = approvalRequirement(roster, policy)
  const { keyids, invalid } = checkSignatures(envelope, roster.keysOfKind('person', at ?? predicate.preparedAt))
  const signers = new Set(keyids.flatMap((keyid) => roster.principalOfKey(keyid) ?? []))
  const approvedBy: Approver[] = []
  const notCounted: Approver[] = []
  for (const person of signers) {
    const list = countsFor(person, requirement) ? approvedBy : notCounted
    list.push({ id: person.id, name: person.name })
  }
  const complete = approvedBy.length >= requirement.threshold
  return { approvedBy, notCounted, missing: complete ? [] : [requirement.role], complete, invalid }
}

/** Whose signature counts on a release: every rule that makes a true signature weigh nothing belongs here. */
function countsFor(person: Principal, requirement: ApprovalRequirement): boolean {
  return requirement.eligible.includes(person.id)
}

function matches(match: RoleMatch, policy: JsonObject): boolean {
  if (match.all) return true
  if (match.service !== undefined || match.root) return false
  const { id, tags } = policy
  const byPrefix = match.idPrefix === undefined || (typeof id === 'string' && id.startsWith(match.idPrefix))
  const byTag = match.tag === undefined || (Array.isArray(tags) && tags.includes(match.tag))
  return byPrefix && byTag
}

function strictestFirst(a: Role, b: Role): number {
  return b.threshold - a.threshold || a.principals.length - b.principals.length || (a.name < b.name ? -1 : 1)
}
