import { peekPredicate } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'
import type { StoredDocument } from './head.table.js'

/**
 * Returns the time since which `current` has been in force in its scope. Heads that change nothing for readers, for example by only
 * scheduling a release, do not restart it. `known`: stored document before the new head. `now`: time at which the new head is stored.
 */
export function inForceSince(known: StoredDocument | undefined, current: string | null, now: Date): string {
  if (known === undefined) return now.toISOString()
  const { digest, since } = inForceAt(known, now)
  return digest === current ? since : now.toISOString()
}

function inForceAt(known: StoredDocument, now: Date): { digest: string | null; since: string } {
  const { next } = peekPredicate<HeadPredicate>(known.head)
  if (next !== undefined && Date.parse(next.at) <= now.getTime()) return { digest: next.release, since: begunAt(next.at, known.storedAt) }
  // A row of an earlier version has no `since`, only the time at which it was stored.
  return { digest: known.digest, since: known.since ?? known.storedAt }
}

/** Returns the time at which a held release came into force: its effective time, but never before its head was stored. */
export function begunAt(at: string, storedAt: string): string {
  return Date.parse(at) > Date.parse(storedAt) ? at : storedAt
}
