import type { OpenedRelease } from '../release.js'
import { SignatureError, unlessRefused } from '../signature-error.js'
import { checkSignatures } from '../verify-envelope.js'
import { tagsOf, type Tagged } from './governing-tags.js'
import { brokenBound, type BrokenBound, type PlanBounds } from './plan-bounds.js'
import type { EarlierRole, Role, RoleMatch } from './roster-predicate.js'
import type { Principal, Roster } from './roster.js'

/** Required signatures: `threshold` distinct people of `eligible` (principal ids), excluding the author. */
export type ApprovalRequirement = {
  role: string
  threshold: number
  eligible: string[]
  soleOfficial: boolean
  /** Bounds on the plan: those of the roster and of the role. */
  bounds: PlanBounds[]
}

export type Approver = { id: string; name: string }

export type ApprovalState = {
  /** Distinct people whose signatures count, in signing order. */
  approvedBy: Approver[]
  /** People of the roster with valid signatures that do not count for this policy. */
  notCounted: Approver[]
  /** Missing parts: the role, `author` (their own signature, or a known author), `plan-bounds`; empty if complete. */
  missing: string[]
  complete: boolean
  /** The author is one of `approvedBy`, as the roster permits if one approval suffices. */
  soleOfficial: boolean
  /** Bound of the roster that the plan violates; no signature compensates for it. */
  outside?: BrokenBound
  /** Key ids of signatures that are invalid, or of keys that may not sign. */
  invalid: string[]
}

/** Minimum signers of a break-glass, whatever the role requires. */
const LEAST_FOR_BREAK_GLASS = 2

/**
 * Returns the role that must approve a release. Roles that match its tag or id prefix take precedence over the one for everything; among
 * several the strictest applies: the highest threshold, then the fewest eligible people.
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

/** Roles and rules by which a release is judged: the current ones, or those of an earlier time. */
type Rulebook = { roles: readonly Role[] } & Roster['rules']

/**
 * Returns the progress of a release's approval. Counts people, not keys: two keys of one person, or a repeated signature, count once, and
 * the author does not count unless the roster permits it. A plan outside of the roster's bounds is never approved.
 * `at` (RFC 3339) is when the log's witnesses had seen the approval: key validity is judged at that time, and a release not approved by the
 * current roles may be approved by the earlier roles of that time. Without it, keys are judged at the time of preparation, by the current
 * roles.
 */
export function approvalState(roster: Roster, release: OpenedRelease, at?: string): ApprovalState {
  const now = { roles: roster.roles, ...roster.rules }
  const entries = at === undefined ? [] : roster.earlierRolesAt(at)
  if (entries.length === 0) return stateBy(roster, release, at, now)
  const state = unlessRefused(() => stateBy(roster, release, at, now), undefined)
  if (state?.complete === true) return state
  const before = unlessRefused(() => stateBy(roster, release, at, rulesOf(entries)), undefined)
  return before?.complete === true ? before : (state ?? stateBy(roster, release, at, now))
}

/** Earlier roles include the bounds and sole-official rule that the whole roster had then. */
function rulesOf(entries: readonly EarlierRole[]): Rulebook {
  const said = entries.flatMap(({ authorSigns }) => authorSigns ?? [])
  return { roles: entries.map(({ role }) => role), authorSigns: said.length === 0 ? undefined : said.includes(true) }
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

/** Whether a valid signature counts on a release: every rule that discounts one belongs here. */
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

/** A roster's rule about the author of a release. */
export type AuthorRule = {
  /** Ids of the people that the release's author names. A name may be the id of another person: then neither counts. */
  ids: ReadonlySet<string>
  /** The author's signature counts as an approval. */
  counts: boolean
  /** The author's own signature is needed. */
  mustSign: boolean
  /** The author must be a person of the roster. */
  mustBeKnown: boolean
}

/** Returns the rule. `author` as named in the release, by exact name or id; `null` if it names none. `rules`: those of the time. */
export function authorRule(
  roster: Roster,
  role: Pick<Role, 'threshold' | 'soleOfficial'>,
  author: string | null,
  rules: Pick<Roster['rules'], 'soleOfficial' | 'authorSigns'> = roster.rules,
): AuthorRule {
  const production = roster.profile === 'production'
  const { soleOfficial = false, authorSigns = production } = rules
  const known = new Set(authorsOf(roster, author).map(({ id }) => id))
  return {
    ids: known,
    counts: role.threshold === 1 && (soleOfficial || role.soleOfficial === true),
    mustSign: authorSigns && (production || known.size > 0),
    mustBeKnown: production,
  }
}

/** Returns the people of the roster with this name or id. */
export function authorsOf(roster: Roster, author: string | null): Principal[] {
  return [...roster.principals.values()].filter(({ id, name, kind }) => kind === 'person' && (id === author || name === author))
}
