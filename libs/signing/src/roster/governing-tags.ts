import type { JsonObject } from '#libs/contracts'
import type { Roster } from './roster.js'

/** What a release says of the tags it goes by, and whether it is break-glass: both choose who must approve it. */
export type Tagged = { policy: JsonObject; droppedTags?: readonly string[]; breakGlass?: object }

/** Tags by which roles are chosen: the policy's own, and those that an earlier version carried. */
export function tagsOf({ policy: { tags }, droppedTags = [] }: Tagged): string[] {
  const own = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  return [...new Set([...own, ...droppedTags])]
}

/**
 * Those of `tags` that a role of the roster names, sorted. Such a tag holds on: anyone who drops it from a policy would otherwise choose
 * the laxer role for that very change, and for all that come after it. Only the roster lets go of one.
 */
export function governingTags(roster: Roster, tags: readonly string[]): string[] {
  const named = new Set(roster.roles.map(({ match }) => match.tag))
  return [...new Set(tags)].filter((tag) => named.has(tag)).sort()
}

/** Of the tags that were carried before those that a role names and that are no longer among `kept`, sorted. */
export function droppedTags(roster: Roster, kept: readonly string[], before: readonly string[]): string[] {
  return governingTags(roster, before).filter((tag) => !kept.includes(tag))
}
