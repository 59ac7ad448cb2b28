import type { Envelope } from '#libs/contracts'
import { begunAt } from '../heads/in-force-since.js'

/** A stable head as far as it says what is in force, and when the store recorded it. */
export interface RecordedHead {
  /** Release digest; `null` for a withdrawal. */
  digest: string | null
  run: number | null
  seq: number
  revision: number
  /** RFC 3339, the database's clock: from when on it counts. */
  storedAt: string
  next?: { release: string; at: string; run?: number }
  /** Why it was issued, as rollout signed it. */
  change?: Envelope
}

/** A release and since when, as the heads tell it. */
export interface Reign {
  digest: string | null
  run: number | null
  seq: number
  revision: number
  /** When it came into force, or will. */
  from: string
  /** When the head that says so was stored. */
  recordedAt: string
  /** Of that head. */
  change?: Envelope
}

/**
 * Of heads in ascending order. A head that changes nothing for readers, such as one that only holds a release, begins no reign; what is
 * held begins one at its time, and never before it was recorded: no head changes what was in force before it.
 */
export function reignsOf(heads: readonly RecordedHead[]): Reign[] {
  const reigns: Reign[] = []
  const begin = (reign: Reign): void => {
    const last = reigns.at(-1)
    if (last === undefined ? reign.digest !== null : last.digest !== reign.digest) reigns.push(reign)
  }
  for (const [index, { digest, run, seq, revision, storedAt, next, change }] of heads.entries()) {
    const reign = { seq, revision, recordedAt: storedAt, ...(change === undefined ? {} : { change }) }
    const held =
      next === undefined ? undefined : { ...reign, digest: next.release, run: next.run ?? null, from: begunAt(next.at, storedAt) }
    // A head that came after the time of what it holds was never in force by itself.
    if (held === undefined || Date.parse(held.from) > Date.parse(storedAt)) begin({ ...reign, digest, run, from: storedAt })
    // Replaced before its time came, it never was in force.
    const replacedAt = heads[index + 1]?.storedAt
    if (held !== undefined && (replacedAt === undefined || Date.parse(held.from) < Date.parse(replacedAt))) begin(held)
  }
  return reigns
}

/** The place of the reign at a time; -1 before the first. */
export function reignAt(reigns: readonly Reign[], atMs: number): number {
  return reigns.findLastIndex(({ from }) => Date.parse(from) <= atMs)
}
