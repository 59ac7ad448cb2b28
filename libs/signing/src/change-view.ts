import { peekPredicate, type Change, type ChangeView, type Envelope } from '#libs/contracts'
import { readChange } from './change.js'
import type { ReleasePredicate } from './release.js'
import type { Roster } from './roster/roster.js'
import { unlessRefused } from './signature-error.js'

/** A release and the people whose signatures on it count. */
export interface TargetRelease {
  predicate: Pick<ReleasePredicate, 'rollback' | 'breakGlass'>
  approvedBy: string[]
}

interface EpochRelease {
  digest: string
  predicate: Pick<ReleasePredicate, 'releaseEpoch'>
}

/** Returns a change from rollout's statement, else the release; `undefined` for heads of earlier builds that show no cause. */
export function changeView(change: Envelope | undefined, release: TargetRelease | undefined): ChangeView | undefined {
  if (change !== undefined) {
    const { cause, by, reason, publicReason } = peekPredicate<Change>(change)
    return { cause, by, reason, ...(publicReason === undefined ? {} : { publicReason }) }
  }
  if (release === undefined) return { cause: 'withdrawal', by: [], reason: null }
  const { predicate, approvedBy: by } = release
  if (predicate.breakGlass !== undefined) return { cause: 'break-glass', by, reason: predicate.breakGlass.reason }
  if (predicate.rollback !== undefined) return { cause: 'rollback', by, reason: predicate.rollback.reason || null }
  return undefined
}

/**
 * Returns the change of a history entry: `changeView`, else a guess from the releases that were in force `earlier`: a rollback if the
 * release was in force before, or if an earlier release has a higher `releaseEpoch` (every approval raises the epoch); otherwise a run.
 */
export function historyChange(
  change: Envelope | undefined,
  release: (TargetRelease & EpochRelease) | undefined,
  earlier: readonly EpochRelease[],
): ChangeView {
  const isRollback =
    release !== undefined &&
    earlier.some(({ digest, predicate }) => digest === release.digest || predicate.releaseEpoch > release.predicate.releaseEpoch)
  const unknown: ChangeView = isRollback
    ? { cause: 'rollback', by: [], reason: null }
    : { cause: 'run', by: release?.approvedBy ?? [], reason: null }
  return changeView(change, release) ?? unknown
}

/** Returns the stored change if rollout signed it for this policy (and for the head `seq`, if given); otherwise `undefined`. */
export function verifiedChange(
  change: Envelope | undefined,
  about: { policy: string; seq?: number },
  roster: Roster,
): Envelope | undefined {
  if (change === undefined) return undefined
  const heads = unlessRefused(() => readChange(change, roster.serviceKeys('rollout')).predicate.heads, [])
  const isAbout = heads.some(({ policy, seq }) => policy === about.policy && (about.seq === undefined || seq === about.seq))
  return isAbout ? change : undefined
}
