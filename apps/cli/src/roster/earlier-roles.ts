import { canonicalJson } from '#libs/contracts'
import { MAX_EARLIER_ROLES, type EarlierRole, type PlanBounds, type Role, type RosterPredicate } from '#libs/signing'

type Rules = Pick<RosterPredicate, 'roles' | 'bounds' | 'soleOfficial' | 'authorSigns'>

/** Returns the next roster. Adds the roles of `before` as earlier roles, if it changes who approves and names no new earlier roles. */
export function withEarlierRoles<T extends object>(
  next: T & { roles?: unknown; earlierRoles?: unknown },
  before: RosterPredicate,
  now: Date,
): T {
  const { earlierRoles: known = [], profile } = before
  const own = next.earlierRoles ?? []
  if (!Array.isArray(next.roles) || !Array.isArray(own) || (before.quorum ?? 0) < 1) return next
  const isOwn = own.some((entry) => !known.some((each) => canonicalJson(each) === canonicalJson(entry)))
  if (isOwn || rulesText(before, profile) === rulesText(next as unknown as Rules, profile)) return next
  const capacity = MAX_EARLIER_ROLES - before.roles.filter(approves).length
  const kept = (own as EarlierRole[]).toSorted((a, b) => Date.parse(b.until) - Date.parse(a.until)).slice(0, Math.max(0, capacity))
  return { ...next, earlierRoles: [...kept, ...entriesOf(before, kept, now)] }
}

function entriesOf(before: RosterPredicate, kept: readonly EarlierRole[], now: Date): EarlierRole[] {
  const { profile } = before
  const until = endAfter(now, kept)
  const signs = authorSigns(before, profile)
  const own = signs === authorSigns({}, profile) ? {} : { authorSigns: signs }
  return before.roles.filter(approves).map((role) => ({ role: completeRole(role, before), until, ...own }))
}

/** Returns the next whole second at which no other earlier role ends; witnesses count time in seconds. */
function endAfter(now: Date, kept: readonly EarlierRole[]): string {
  const taken = new Set(kept.map(({ until }) => Date.parse(until) / 1_000))
  let second = Math.floor(now.getTime() / 1_000) + 1
  while (taken.has(second)) second++
  return new Date(second * 1_000).toISOString()
}

/** Returns the role with the rules of the whole roster merged in. */
function completeRole(role: Role, { bounds, soleOfficial }: Rules): Role {
  const both = strictest([bounds, role.bounds].filter((each) => each !== undefined))
  return {
    ...role,
    ...(both === undefined ? {} : { bounds: both }),
    ...(soleOfficial === true && role.threshold === 1 ? { soleOfficial } : {}),
  }
}

function strictest(all: readonly PlanBounds[]): PlanBounds | undefined {
  if (all.length < 2) return all[0]
  const most = (of: (bounds: PlanBounds) => number | undefined): number => Math.max(...all.map((bounds) => of(bounds) ?? 0))
  const some = (of: (bounds: PlanBounds) => boolean | undefined): boolean => all.some((bounds) => of(bounds) === true)
  return {
    minObserveMs: most(({ minObserveMs }) => minObserveMs),
    minBakeMs: most(({ minBakeMs }) => minBakeMs),
    maxShare: Math.min(...all.map(({ maxShare = 10_000 }) => maxShare)),
    requireEvidence: some(({ requireEvidence }) => requireEvidence),
    requirePower: some(({ requirePower }) => requirePower),
  }
}

/** Serializes all rules by which a release is judged, independent of order; an invalid role is compared as written. */
function rulesText({ roles, bounds = {}, soleOfficial = false, ...rest }: Rules, profile: RosterPredicate['profile']): string {
  const sorted = (names: unknown): unknown => (Array.isArray(names) ? names.toSorted() : names)
  const approving = roles.filter(approves).map((role) => canonicalJson({ ...role, principals: sorted(role.principals) }))
  return canonicalJson([approving.sort(), bounds, soleOfficial, authorSigns(rest, profile)])
}

function authorSigns({ authorSigns: signs }: Pick<Rules, 'authorSigns'>, profile: RosterPredicate['profile']): boolean {
  return signs ?? profile === 'production'
}

function approves(role: Role | null): boolean {
  return role?.match?.service === undefined && role?.match?.root !== true
}
