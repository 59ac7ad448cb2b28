import type { JsonObject } from '#libs/contracts'
import type { Roster } from './roster.js'

/** What a release says of the tags it goes by. */
export type Tagged = { policy: JsonObject; droppedTags?: readonly string[] }

/** Tags by which roles are chosen: the policy's own, and those that an earlier version carried. */
export function tagsOf({ policy: { tags }, droppedTags = [] }: Tagged): string[] {
  const own = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  return [...new Set([...own, ...droppedTags])]
}

/**
 * Those of them that a role of the roster names. Such a tag holds on: whoever drops it from a policy would otherwise choose the laxer
 * role for that very change, and for all that come after it. Only the roster lets go of one.
 */
export function governingTags(roster: Roster, tagged: Tagged): string[] {
  const named = new Set(roster.roles.map(({ match }) => match.tag))
  return tagsOf(tagged).filter((tag) => named.has(tag)).sort()
}

/** Tags of `earlier` releases that a role names and `policy` no longer carries, sorted. */
export function droppedTags(roster: Roster, policy: JsonObject, earlier: readonly Tagged[]): string[] {
  const own = new Set(tagsOf({ policy }))
  const held = new Set(earlier.flatMap((release) => governingTags(roster, release)))
  return [...held].filter((tag) => !own.has(tag)).sort()
}
