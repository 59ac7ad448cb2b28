import { policyKey, type Outbox } from '#libs/messaging'
import type { Database } from '#libs/persistence'
import type { Logger } from '#libs/platform'
import type { BelievedRows } from '../heads/believed-rows.js'
import { DOCUMENTS } from '../heads/head.table.js'
import { recordedState } from '../heads/recorded-state.js'
import { MAX_NAMED } from './differences.js'

/** Limit in one check; the remaining differences are found again by the next. */
const MAX_SAID = 500

/**
 * Publishes records that the topic lacks, and removes records that arrived late. A process that was frozen, or a request delayed by a
 * broken connection, may write a record behind a newer one: compaction then drops the newer, and a canary that left the topic is back
 * forever. The topic follows the database, so the store publishes its row again. A record with a head that the database does not know is
 * different: it was forged, or the row was changed, and people have to investigate. Returns the places it published. `seqAt`: number of the
 * head on the topic at a place, 0 if there is none.
 */
export async function sayAgain(
  { database, outbox, log }: { database: Database; outbox: Outbox; log: Logger },
  rows: BelievedRows,
  places: readonly string[],
  seqAt: (place: string) => number,
): Promise<ReadonlySet<string>> {
  const said = new Set<string>()
  for (const place of places.slice(0, MAX_SAID)) {
    const isSaid = await database.transaction(async (tx) => {
      const seen = await tx.documents(DOCUMENTS).get(place)
      if (seen === undefined) return false
      await tx.lock([policyKey(seen.id)])
      // A row that does not verify is never published: readers would refuse it, and lack the signed document.
      const row = await rows.known(tx, seen.id, seen.scope)
      const recorded = seqAt(place)
      if (row === undefined || recorded > row.seq) return false
      if (row.ended === true) await outbox.erase(tx, 'hms.state.recorded.v1', place)
      else if (recorded < row.seq) await outbox.emit(tx, 'hms.state.recorded.v1', recordedState(row), { key: place })
      else return false
      return true
    })
    if (isSaid) said.add(place)
  }
  if (said.size > 0) {
    log.warn(
      { places: [...said].slice(0, MAX_NAMED), repaired: said.size },
      'the topic of state differed from the database; what is stored is queued for it',
    )
  }
  return said
}
