/** `changed`: the place is in both with different content. `missing`: only in the database. `unknown`: only on the topic. */
export type DifferenceKind = 'changed' | 'missing' | 'unknown'
export const DIFFERENCE_KINDS: readonly DifferenceKind[] = ['changed', 'missing', 'unknown']

/** Limit of places that a log line names. */
export const MAX_NAMED = 10

export interface Difference {
  place: string
  kind: DifferenceKind
  /** Both digests: an equal pair at the next check is no change in progress. */
  pair: string
}

/** Compares digests by place; empty if topic and database are equal at every place. Pure. */
export function differencesBetween(database: ReadonlyMap<string, string>, topic: ReadonlyMap<string, string>): Difference[] {
  const found: Difference[] = []
  for (const [place, stored] of database) {
    const recorded = topic.get(place)
    if (recorded !== stored)
      found.push({ place, kind: recorded === undefined ? 'missing' : 'changed', pair: `${stored} ${recorded ?? ''}` })
  }
  for (const [place, recorded] of topic) if (!database.has(place)) found.push({ place, kind: 'unknown', pair: ` ${recorded}` })
  return found
}

/**
 * Returns the differences that existed at the check before. A head is in the database before it is on the topic, and both are not read at
 * one moment: a difference of one check is a change in progress.
 */
export function standing(found: readonly Difference[], before: readonly Difference[]): Difference[] {
  const stood = new Map(before.map(({ place, pair }) => [place, pair]))
  return found.filter(({ place, pair }) => stood.get(place) === pair)
}
