import type { JsonObject } from '#libs/contracts'
import type { Roster } from './roster.js'

/** Members of a release that select its approvers: its tags, and whether it is a break-glass. */
export type Tagged = { policy: JsonObject; droppedTags?: readonly string[]; breakGlass?: object }

/** Returns the tags by which roles are selected: tags of the policy, and dropped tags of earlier versions. */
export function tagsOf({ policy: { tags }, droppedTags = [] }: Tagged): string[] {
  const own = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
  return [...new Set([...own, ...droppedTags])]
}

/** Returns the tags that roles name, sorted. They stay with a policy: removing one would select a less strict role for that change. */
export function governingTags(roster: Roster, tags: readonly string[]): string[] {
  const named = new Set(roster.roles.map(({ match }) => match.tag))
  return [...new Set(tags)].filter((tag) => named.has(tag)).sort()
}

/** Returns the tags in `before` that a role names and that are missing in `kept`, sorted. */
export function droppedTags(roster: Roster, kept: readonly string[], before: readonly string[]): string[] {
  return governingTags(roster, before).filter((tag) => !kept.includes(tag))
}
