import { peekPredicate } from '#libs/contracts'
import type { HeadPredicate } from '#libs/signing'
import type { StoredDocument } from './head.table.js'

/**
 * Returns since when `current` has been in force at its place: heads that change nothing for readers, such as one that only holds a
 * release, do not restart it. `known` is the head before, `now` the time at which the new one is stored.
 */
export function inForceSince(known: StoredDocument | undefined, current: string | null, now: Date): string {
  if (known === undefined) return now.toISOString()
  const { digest, since } = standingOf(known, now)
  return digest === current ? since : now.toISOString()
}

function standingOf(known: StoredDocument, now: Date): { digest: string | null; since: string } {
  const { next } = peekPredicate<HeadPredicate>(known.head)
  if (next !== undefined && Date.parse(next.at) <= now.getTime()) return { digest: next.release, since: begunAt(next.at, known.storedAt) }
  // A row stored before this member existed has only its own time.
  return { digest: known.digest, since: known.since ?? known.storedAt }
}

/** Returns the start of a held release: its effective time, but never before its head was stored. */
export function begunAt(at: string, storedAt: string): string {
  return Date.parse(at) > Date.parse(storedAt) ? at : storedAt
}
