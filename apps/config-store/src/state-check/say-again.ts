import { policyKey } from '#libs/messaging'
import { ServiceRuntime } from '#libs/service'
import type { BelievedRows } from '../heads/believed-rows.js'
import { DOCUMENTS } from '../heads/head.table.js'
import { recordedState } from '../heads/recorded-state.js'
import { MAX_NAMED } from './differences.js'

/** In one look; what is left stands at the next one, too. */
const MAX_SAID = 500

/**
 * Puts on the topic what it lacks, and takes from it what came late. A process that was frozen, or a request that a broken line held
 * up, may write a record behind a younger one: compaction then forgets the younger, and a canary that left the topic is back for ever.
 * The topic follows the database, so the store says its row again. What carries a head that the database does not know is none of that:
 * somebody wrote it, or the row was changed, and people have to look. Answers the places of which it said something. `seqAt`: number of
 * the head that lies on the topic there, 0 where none does.
 */
export async function sayAgain(
  runtime: ServiceRuntime,
  rows: BelievedRows,
  places: readonly string[],
  seqAt: (place: string) => number,
): Promise<ReadonlySet<string>> {
  const said = new Set<string>()
  for (const place of places.slice(0, MAX_SAID)) {
    const isSaid = await runtime.database.transaction(async (tx) => {
      const seen = await tx.documents(DOCUMENTS).get(place)
      if (seen === undefined) return false
      await tx.lock([policyKey(seen.id)])
      // What does not verify is never published: readers would refuse it, and lack what is signed.
      const row = await rows.known(tx, seen.id, seen.scope)
      const recorded = seqAt(place)
      if (row === undefined || recorded > row.seq) return false
      if (row.ended === true) await runtime.erase(tx, 'hms.state.recorded.v1', place)
      else if (recorded < row.seq) await runtime.emit(tx, 'hms.state.recorded.v1', recordedState(row), { key: place })
      else return false
      return true
    })
    if (isSaid) said.add(place)
  }
  if (said.size > 0) {
    runtime.log.warn(
      { places: [...said].slice(0, MAX_NAMED), repaired: said.size },
      'the topic of state did not say what is stored; it is said again',
    )
  }
  return said
}
