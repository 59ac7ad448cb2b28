import type { Role } from './roster-predicate.js'
import type { Principal, Roster } from './roster.js'

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
