import type { VerifiedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { ApprovedRelease, Roster } from '#libs/signing'
import { actorsOf } from '../entries/actors.js'
import { factsOf, releasesOf } from '../entries/entry.js'
import type { EntryStore } from '../entries/entry.store.js'

/** Stores the facts of an event without an index, and a kept event whole. Returns the releases that it approves. */
export async function takeEvent(
  entries: EntryStore,
  tx: Transaction,
  event: VerifiedEvent,
  roster: Roster,
): Promise<ApprovedRelease[] | undefined> {
  const releases = releasesOf(event)
  const facts = factsOf(event, releases)
  const signed = facts.v === 4 ? event.envelope : undefined
  await entries.append(tx, facts, { releases, actors: actorsOf(event, roster), signed })
  return releases
}
