import type { OpenedRelease } from '../release.js'
import { SignatureError, unlessRefused } from '../signature-error.js'
import { checkSignatures } from '../verify-envelope.js'
import { tagsOf, type Tagged } from './governing-tags.js'
import { brokenBound, type BrokenBound, type PlanBounds } from './plan-bounds.js'
import type { EarlierRole, Role, RoleMatch } from './roster-predicate.js'
import type { Principal, Roster } from './roster.js'

/** Required signatures: `threshold` distinct people of `eligible` (principal ids). The author counts only if `AuthorRule.counts`. */
export type ApprovalRequirement = {
  role: string
  threshold: number
  eligible: string[]
  soleOfficial: boolean
  /** Bounds on the plan, from the roster and from the role. */
  bounds: PlanBounds[]
}

export type Approver = { id: string; name: string }

export type ApprovalState = {
  /** Distinct people whose signatures count, in signing order. */
  approvedBy: Approver[]
  /** People of the roster with valid signatures that do not count for this policy. */
  notCounted: Approver[]
  /** Missing parts: name of the role, `author` (the author's signature, or a known author), `plan-bounds`; empty if complete. */
  missing: string[]
  complete: boolean
  /** Whether the author is in `approvedBy`, which the roster may permit if one approval is enough. */
  soleOfficial: boolean
  /** Bound that the plan violates. Signatures do not compensate for it. */
  outside?: BrokenBound
  /** Key ids of invalid signatures, and of signatures with keys that may not sign. */
  invalid: string[]
}

/** Minimum signers of a break-glass, even if the role requires fewer. */
const LEAST_FOR_BREAK_GLASS = 2

/**
 * Returns the requirement of the role that must approve a release. Roles that match by tag or id prefix take precedence over a role for all
 * policies. Among several the strictest applies: the highest threshold, then the fewest eligible people. Throws `HMS_ROSTER_NO_ROLE`.
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

/** Roles and rules by which a release is judged, current or of an earlier time. */
type Rulebook = { roles: readonly Role[] } & Roster['rules']

/**
 * Returns the progress of a release's approval. Counts people, not keys: two keys of one person, or a repeated signature, count once. The
 * author does not count unless the roster permits it. A plan outside of the bounds is never approved. `at` (RFC 3339) is when the log's
 * witnesses had seen the approval. Keys must be valid at that time, and the roles of that time may approve a release that the current roles
 * do not. Without `at`, keys must be valid at the time of preparation, and only the current roles apply.
 */
export function approvalState(roster: Roster, release: OpenedRelease, at?: string): ApprovalState {
  const currentRules = { roles: roster.roles, ...roster.rules }
  const entries = at === undefined ? [] : roster.earlierRolesAt(at)
  if (entries.length === 0) return stateBy(roster, release, at, currentRules)
  const state = unlessRefused(() => stateBy(roster, release, at, currentRules), undefined)
  if (state?.complete === true) return state
  const earlierState = unlessRefused(() => stateBy(roster, release, at, rulesOf(entries)), undefined)
  return earlierState?.complete === true ? earlierState : (state ?? stateBy(roster, release, at, currentRules)) // else throws the refusal
}

/** Returns the rules of an earlier time. Its roles already include the bounds and the sole-official rule that the whole roster had then. */
function rulesOf(entries: readonly EarlierRole[]): Rulebook {
  const authorRules = entries.flatMap(({ authorSigns }) => authorSigns ?? [])
  return { roles: entries.map(({ role }) => role), authorSigns: authorRules.length === 0 ? undefined : authorRules.includes(true) }
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

/** Whether this person's signature on the release counts as approval; `false` if no role of the roster may approve it. */
export function countsOnRelease(roster: Roster, person: Principal, predicate: Tagged & { author: string | null }): boolean {
  const requirement = unlessRefused(() => approvalRequirement(roster, predicate), undefined) // guard: no-role-no-signature
  return requirement !== undefined && countsFor(person, requirement, authorRule(roster, requirement, predicate.author))
}

/** Whether a person's valid signature counts as approval. All rules that exclude signatures of people belong here. */
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

export type AuthorRule = {
  /** Ids of the people with the author's name or id. The name of one may be the id of another; then the rule applies to both. */
  ids: ReadonlySet<string>
  /** Whether the author's signature counts as approval. */
  counts: boolean
  mustSign: boolean
  /** Whether the author must be a person of the roster. */
  mustBeKnown: boolean
}

/** Returns the rule about an author. `author`: exact name or id as in the release, or `null`. `rules`: rules of the relevant time. */
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
  return roster.people.filter(({ id, name }) => id === author || name === author)
}
