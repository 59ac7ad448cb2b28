import { begunAt } from '../heads/in-force-since.js'
import type { LiveHead } from '../heads/live-history.js'

/** Stable head reduced to the release it puts in force, and when the store recorded it. */
export interface RecordedHead extends Omit<LiveHead, 'policy' | 'head'> {
  next?: { release: string; at: string; run?: number }
}

/** Effective period of a release, as the heads define it. */
export interface EffectivePeriod extends Pick<LiveHead, 'digest' | 'run' | 'seq' | 'revision' | 'change'> {
  /** Start of the period; may be in the future. */
  from: string
  /** Time the defining head was stored. */
  recordedAt: string
}

/**
 * Derives the effective periods from ascending heads. A head that changes nothing for readers, such as one that only holds a release,
 * begins none. A held release begins a period at its effective time, but not before its head was recorded: no head changes the past.
 */
export function effectivePeriods(heads: readonly RecordedHead[]): EffectivePeriod[] {
  const periods: EffectivePeriod[] = []
  const begin = (period: EffectivePeriod): void => {
    const last = periods.at(-1)
    if (last === undefined ? period.digest !== null : last.digest !== period.digest) periods.push(period)
  }
  for (const [index, { digest, run, seq, revision, storedAt, next, change }] of heads.entries()) {
    const period = { seq, revision, recordedAt: storedAt, ...(change === undefined ? {} : { change }) }
    const held =
      next === undefined ? undefined : { ...period, digest: next.release, run: next.run ?? null, from: begunAt(next.at, storedAt) }
    // A head that was stored after the effective time of its held release never put its current release in force.
    if (held === undefined || Date.parse(held.from) > Date.parse(storedAt)) begin({ ...period, digest, run, from: storedAt })
    // A release replaced before its effective time never was in force.
    const replacedAt = heads[index + 1]?.storedAt
    if (held !== undefined && (replacedAt === undefined || Date.parse(held.from) < Date.parse(replacedAt))) begin(held)
  }
  return periods
}

/** Returns the index of the period at a time; -1 before the first. */
export function periodAt(periods: readonly EffectivePeriod[], atMs: number): number {
  return periods.findLastIndex(({ from }) => Date.parse(from) <= atMs)
}
