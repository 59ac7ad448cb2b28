import type { JsonObject } from '#libs/contracts'
import { compareText } from '#libs/policy'

/**
 * One recorded decision input. `id` names it in reports and counterexamples, `at` is its time as recorded, `region` its scope (empty when
 * the corpus names none); every other key is a fact that the bot may read.
 */
export type Reading = JsonObject & { id: string; at: string; region: string }

/** The policies in force, by policy id, as a bot sees them through `getPolicy`. */
export type PoliciesInForce = { [id: string]: JsonObject }

export function onlyOf<P extends JsonObject>(policies: Readonly<Record<string, P>>, ids: readonly string[]): Record<string, P> {
  return Object.fromEntries(ids.flatMap((id) => (Object.hasOwn(policies, id) ? [[id, policies[id]!]] : [])))
}

/** Sorts readings by time, then id, because bots may keep state: a corpus with shuffled lines gives the same report. */
export function inReplayOrder(readings: readonly Reading[]): Reading[] {
  return [...readings].sort((a, b) => compareText(a.at, b.at) || compareText(a.id, b.id))
}
