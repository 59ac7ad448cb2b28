import type { JsonObject } from '#libs/contracts'
import type { Roster } from './roster.js'

/** The tags of a release, and whether it is break-glass: both select its approvers. */
export type Tagged = { policy: JsonObject; droppedTags?: readonly string[]; breakGlass?: object }

/** Returns the tags by which roles are selected: the policy's own, and those of earlier versions. */
export function tagsOf({ policy: { tags }, droppedTags = [] }: Tagged): string[] {
  const own = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  return [...new Set([...own, ...droppedTags])]
}

/**
 * Returns those of `tags` that a role of the roster names, sorted. Such a tag persists: otherwise its removal from a policy would select
 * the laxer role for that very change, and for all later ones. Only a roster change ends it.
 */
export function governingTags(roster: Roster, tags: readonly string[]): string[] {
  const named = new Set(roster.roles.map(({ match }) => match.tag))
  return [...new Set(tags)].filter((tag) => named.has(tag)).sort()
}

/** Returns the earlier tags that a role names and that are not in `kept`, sorted. */
export function droppedTags(roster: Roster, kept: readonly string[], before: readonly string[]): string[] {
  return governingTags(roster, before).filter((tag) => !kept.includes(tag))
}
