/** `changed`: both have the place, and say other things of it. `missing`: it is in the database alone. `unknown`: on the topic alone. */
export type DifferenceKind = 'changed' | 'missing' | 'unknown'
export const DIFFERENCE_KINDS: readonly DifferenceKind[] = ['changed', 'missing', 'unknown']

/** Places that a line of the log names. */
export const MAX_NAMED = 10

export interface Difference {
  place: string
  kind: DifferenceKind
  /** Both digests: the same again at the next look is no change that was under way. */
  pair: string
}

/** None: hash(topic) = hash(database), at every place. Digests by place. Pure. */
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
 * Those that stood already at the look before. A head is in the database before it is on the topic, and both are not read at one moment:
 * a difference of one look is a change that is under way.
 */
export function standing(found: readonly Difference[], before: readonly Difference[]): Difference[] {
  const stood = new Map(before.map(({ place, pair }) => [place, pair]))
  return found.filter(({ place, pair }) => stood.get(place) === pair)
}
