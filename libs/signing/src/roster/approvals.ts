import type { OpenedRelease } from '../release.js'
import { SignatureError } from '../signature-error.js'
import { checkSignatures } from '../verify-envelope.js'
import { authorRule, type AuthorRule } from './author-rule.js'
import { tagsOf, type Tagged } from './governing-tags.js'
import { brokenBound, type BrokenBound, type PlanBounds } from './plan-bounds.js'
import type { EarlierRole, Role, RoleMatch } from './roster-predicate.js'
import type { Principal, Roster } from './roster.js'

/** So many distinct people out of `eligible` (principal ids) must sign, the author not among them. */
export type ApprovalRequirement = {
  role: string
  threshold: number
  eligible: string[]
  soleOfficial: boolean
  /** What the plan must hold to: the roster's own bounds, and those of the role. */
  bounds: PlanBounds[]
}

export type Approver = { id: string; name: string }

export type ApprovalState = {
  /** Distinct people who count, in the order in which they signed. */
  approvedBy: Approver[]
  /** People of the roster who signed truly but do not count for this policy. */
  notCounted: Approver[]
  /** Still missing: the role, `author` (their own signature, or a known one), `plan-bounds`; empty when complete. */
  missing: string[]
  complete: boolean
  /** The author is one of `approvedBy`, as the roster allows where one approval is enough. */
  soleOfficial: boolean
  /** The roster's bound that the plan does not hold to; no signature makes up for it. */
  outside?: BrokenBound
  /** Key ids of signatures that are false, or of nobody who may sign. */
  invalid: string[]
}

/** One alone never breaks the glass, whatever the role asks for. */
const LEAST_FOR_BREAK_GLASS = 2

/**
 * Which role must approve a release. Roles that name its tag or id prefix beat the one for everything; among
 * several the strictest speaks: the highest threshold, then the fewest eligible people.
 */
export function approvalRequirement(roster: Roster, tagged: Tagged): ApprovalRequirement {
  return requirementBy(roster.roles, roster.rules.bounds, tagged)
}

function requirementBy(roles: readonly Role[], general: PlanBounds | undefined, tagged: Tagged): ApprovalRequirement {
  const matching = roles.filter((role) => matches(role.match, tagged))
  const special = matching.filter((role) => role.match.all !== true)
  const [role] = (special.length > 0 ? special : matching).sort(strictestFirst)
  if (!role) throw new SignatureError('HMS_ROSTER_NO_ROLE', `no role of the roster may approve ${String(tagged.policy['id'])}`)
  const { name, principals, soleOfficial = false } = role
  const threshold = tagged.breakGlass === undefined ? role.threshold : Math.max(role.threshold, LEAST_FOR_BREAK_GLASS)
  const bounds = [general, role.bounds].filter((each) => each !== undefined)
  return { role: name, threshold, eligible: principals, soleOfficial, bounds }
}

/** By which roles and rules a release is judged: those of now, or those of an earlier time. */
type Rulebook = { roles: readonly Role[] } & Roster['rules']

/**
 * How far the approval of a release has come. Counts people, not keys: two keys of one person, or one signature
 * twice, are one, and the author counts for nothing unless the roster says so. A plan outside of the roster's bounds is
 * never approved.
 * `at` (RFC 3339) is when the log's witnesses had seen the approval: key validity is judged at that time, and what the roles of now do not
 * approve may go by the earlier roles of that time. Without it, keys are judged when the release was prepared, and the roles of now count.
 */
export function approvalState(roster: Roster, release: OpenedRelease, at?: string): ApprovalState {
  const now = { roles: roster.roles, ...roster.rules }
  const entries = at === undefined ? [] : roster.earlierRolesAt(at)
  if (entries.length === 0) return stateBy(roster, release, at, now)
  const state = stateOrNone(roster, release, at, now)
  if (state?.complete === true) return state
  const before = stateOrNone(roster, release, at, rulesOf(entries))
  return before?.complete === true ? before : (state ?? stateBy(roster, release, at, now))
}

/** Bounds and sole officials are those of the roles: what the whole roster said then is written into them. */
function rulesOf(entries: readonly EarlierRole[]): Rulebook {
  const said = entries.flatMap(({ authorSigns }) => authorSigns ?? [])
  return { roles: entries.map(({ role }) => role), authorSigns: said.length === 0 ? undefined : said.includes(true) }
}

/** `undefined` where no role approves the release, or its signatures cannot be read. */
function stateOrNone(...[roster, release, at, rules]: Parameters<typeof stateBy>): ApprovalState | undefined {
  try {
    return stateBy(roster, release, at, rules)
  } catch (error) {
    if (error instanceof SignatureError) return undefined
    throw error
  }
}

function stateBy(roster: Roster, { predicate, envelope }: OpenedRelease, at: string | undefined, rules: Rulebook): ApprovalState {
  const requirement = requirementBy(rules.roles, rules.bounds, predicate)
  const author = authorRule(roster, requirement, predicate.author, rules)
  const outside = brokenBound(requirement.bounds, predicate.plan)
  const { keyids, invalid } = checkSignatures(envelope, roster.keysOfKind('person', at ?? predicate.preparedAt))
  const signers = new Set(keyids.flatMap((keyid) => roster.principalOfKey(keyid) ?? []))
  const approvedBy: Approver[] = []
  const notCounted: Approver[] = []
  for (const person of signers) {
    const list = countsFor(person, requirement, author) ? approvedBy : notCounted
    list.push({ id: person.id, name: person.name })
  }
  const missing = [
    ...(approvedBy.length < requirement.threshold ? [requirement.role] : []),
    ...(isAuthorMissing(author, signers) ? ['author'] : []),
    ...(outside === undefined ? [] : ['plan-bounds']),
  ]
  const soleOfficial = approvedBy.some(({ id }) => author.ids.has(id))
  return { approvedBy, notCounted, missing, complete: missing.length === 0, soleOfficial, outside, invalid }
}

/** Whether this person's signature counts on the release. */
export function countsOnRelease(roster: Roster, person: Principal, predicate: Tagged & { author: string | null }): boolean {
  const requirement = approvalRequirement(roster, predicate)
  return countsFor(person, requirement, authorRule(roster, requirement, predicate.author))
}

/** Whose signature counts on a release: every rule that makes a true signature weigh nothing belongs here. */
function countsFor(person: Principal, requirement: ApprovalRequirement, author: AuthorRule): boolean {
  return requirement.eligible.includes(person.id) && (author.counts || !author.ids.has(person.id))
}

function isAuthorMissing(author: AuthorRule, signers: ReadonlySet<Principal>): boolean {
  if (author.mustBeKnown && author.ids.size === 0) return true
  return author.mustSign && ![...signers].some(({ id }) => author.ids.has(id))
}

function matches(match: RoleMatch, tagged: Tagged): boolean {
  if (match.all) return true
  if (match.service !== undefined || match.root) return false
  const { id } = tagged.policy
  const byPrefix = match.idPrefix === undefined || (typeof id === 'string' && id.startsWith(match.idPrefix))
  const byTag = match.tag === undefined || tagsOf(tagged).includes(match.tag)
  return byPrefix && byTag
}

function strictestFirst(a: Role, b: Role): number {
  return b.threshold - a.threshold || a.principals.length - b.principals.length || (a.name < b.name ? -1 : 1)
}
