import { verify, type KeyObject } from 'node:crypto'
import { BundleRefused, releaseRefused } from './refused.js'
import { entitledKeys, roleFor, type Role, type Roster } from './roster.js'
import { isObject, signersOf, type Json, type JsonObject, type Statement } from './statement.js'

interface Approved {
  approvedBy: string[]
  soleOfficial: boolean
}

/** Rules that a release must satisfy: of the current roster, or of the roster in force when the approval was witnessed. */
interface Rules {
  roles: readonly Role[]
  bounds: Json | undefined
  soleOfficial: Json | undefined
  authorSigns: Json | undefined
}

/**
 * Returns the people whose signatures approve the release, each once however many of their keys signed. They belong to the role for this
 * policy. The author counts only if the role needs one approval and the roster allows a sole official. A production roster must list the
 * author, and by default requires the author's signature in addition. If the current roles do not approve the release, the earlier roles
 * that ended soonest after `atMs` are tried. `atMs`: time the approval was witnessed.
 */
export function approversOf(release: Statement, policy: JsonObject, roster: Roster, atMs: number): Approved {
  const { bounds, soleOfficial, authorSigns } = roster.rules
  const now = { roles: roster.roles, bounds, soleOfficial, authorSigns }
  const earlier = roster.earlier.findLast(({ untilMs }) => atMs < untilMs)
  try {
    return approversBy(now, release, policy, roster, atMs)
  } catch (refused) {
    if (earlier === undefined || !(refused instanceof BundleRefused)) throw refused
    const before = { roles: earlier.roles, bounds: undefined, soleOfficial: undefined, authorSigns: earlier.authorSigns }
    try {
      return approversBy(before, release, policy, roster, atMs)
    } catch {
      throw refused
    }
  }
}

function approversBy(rules: Rules, release: Statement, policy: JsonObject, roster: Roster, atMs: number): Approved {
  const { author, plan, droppedTags, breakGlass } = release.predicate
  const role = roleFor(rules.roles, policy, droppedTags)
  // A break-glass release skips the stages that test it, so it needs at least two people.
  const threshold = breakGlass === undefined ? role.threshold : Math.max(role.threshold, 2)
  const people = [...roster.principals].filter(([, { kind }]) => kind === 'person')
  requireValidSignatures(
    release,
    people.flatMap(([, person]) => person.keys),
  )
  const keys = signersOf(
    release,
    entitledKeys(roster.principals, ({ kind }) => kind === 'person', atMs),
  )
  const signers = people.filter((person) => person[1].keys.some(({ keyid }) => keys.has(keyid))).map(([id]) => id)
  const authors = people.filter(([id, { name }]) => id === author || name === author).map(([id]) => id)
  const production = roster.rules['profile'] === 'production'
  const { soleOfficial, authorSigns = production } = rules
  const mayBeAlone = threshold === 1 && (role.soleOfficial || soleOfficial === true)
  const approvedBy = signers.filter((id) => role.principals.includes(id) && (mayBeAlone || !authors.includes(id)))
  if (approvedBy.length < threshold) throw releaseRefused(`${approvedBy.length} people approved it, ${threshold} are needed`)
  if (production && authors.length === 0) throw releaseRefused('the roster does not know its author')
  if (authorSigns === true && authors.length > 0 && !authors.some((id) => signers.includes(id)))
    throw releaseRefused('its author did not sign it')
  requireBounds([rules.bounds, role.bounds], plan)
  return { approvedBy, soleOfficial: approvedBy.some((id) => authors.includes(id)) }
}

/** Verifies every signature by one of these keys, even if it is not needed: an invalid signature shows that the bundle was modified. */
function requireValidSignatures(release: Statement, keys: readonly { keyid: string; key: KeyObject }[]): void {
  const known = new Map(keys.map(({ keyid, key }) => [keyid, key]))
  for (const { keyid, sig } of release.signatures) {
    const key = known.get(keyid)
    // guard: bundle-false-signature
    if (key !== undefined && !verify(null, release.signed, key, sig)) throw releaseRefused(`its signature by ${keyid} is false`)
  }
}

/** Checks a plan against the bounds of the roster and of the role. Refuses an unknown bound instead of ignoring it. */
function requireBounds(all: readonly (Json | undefined)[], plan: Json | undefined): void {
  for (const bounds of all) {
    if (bounds === undefined) continue
    if (!isObject(bounds) || !isObject(plan)) throw releaseRefused('bounds or plan are no objects')
    for (const [name, bound] of Object.entries(bounds))
      if (!holdsTo(name, bound, plan)) throw releaseRefused(`its plan does not hold to ${name}`)
  }
}

function holdsTo(name: string, bound: Json, plan: JsonObject): boolean {
  const { observeMs, bakeMs, requireEvidence, requirePower } = plan
  switch (name) {
    case 'minObserveMs':
      return Number(observeMs) >= Number(bound)
    case 'minBakeMs':
      return Number(bakeMs) >= Number(bound)
    case 'maxShare':
      return sharesOf(plan).every((share) => Number(share) <= Number(bound))
    case 'requireEvidence':
      return bound === false || requireEvidence === true
    default:
      return name === 'requirePower' && (bound === false || requirePower === true)
  }
}

function sharesOf({ share, ramp = [] }: JsonObject): unknown[] {
  if (!Array.isArray(ramp)) throw releaseRefused('its ramp is no list')
  return [share, ...ramp.map((step) => (isObject(step) ? step['share'] : undefined))] // guard: ramp-bounds
}
