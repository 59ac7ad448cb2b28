import { peekPredicate, type Change, type ChangeView, type Envelope } from '#libs/contracts'
import { readChange } from './change.js'
import type { ReleasePredicate } from './release.js'
import type { Roster } from './roster/roster.js'
import { SignatureError } from './signature-error.js'

/** A release and the people whose signatures count on it. */
export interface ChangedTo {
  predicate: Pick<ReleasePredicate, 'rollback' | 'breakGlass'>
  approvedBy: string[]
}

/**
 * A change in words, from what rollout signed about it, else from what people signed in the release. `undefined` where neither says
 * whether a run or a rollback brought the release: heads of earlier builds.
 */
export function changeView(change: Envelope | undefined, release: ChangedTo | undefined): ChangeView | undefined {
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

/** What lay in a row counts where rollout signed it about this policy, and this head where one is named. */
export function believedChange(
  change: Envelope | undefined,
  about: { policy: string; seq?: number },
  roster: Roster,
): Envelope | undefined {
  if (change === undefined) return undefined
  try {
    const { heads } = readChange(change, roster.serviceKeys('rollout')).predicate
    const isAbout = heads.some(({ policy, seq }) => policy === about.policy && (about.seq === undefined || seq === about.seq))
    return isAbout ? change : undefined
  } catch (error) {
    if (error instanceof SignatureError) return undefined
    throw error
  }
}
