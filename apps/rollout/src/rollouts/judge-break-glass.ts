import { openDossier, type ReleaseDocument, type RunDossier } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import type { BreakGlassRefusal } from '#libs/pipeline'
import { approvalState, readRelease, orRefusal, SignatureError, type OpenedRelease, type Roster } from '#libs/signing'
import { overtakenReason, type Stable, stableOrNew } from '../stable/stable.table.js'

export interface RefusedBreakGlass {
  reason: BreakGlassRefusal
  /** A sentence without its full stop. */
  detail: string
}

/** State known to this service. `stables`: state of each release's policy, in the order of the releases. */
export interface LocalState {
  stables: readonly Stable[]
  now: Date
}

/**
 * Returns why a run must not go live without simulation and canary; `undefined` if its signed releases declare break-glass, have not
 * expired and follow the releases in force, and at least two people signed all of them. Trusts the signatures, not approver.
 */
export function judgeBreakGlass(
  releases: readonly ReleaseDocument[],
  { stables, now }: LocalState,
  roster: Roster,
): RefusedBreakGlass | undefined {
  const judged = orRefusal(() => {
    const opened = releases.map(({ envelope }) => readRelease(envelope))
    return notBreakGlass(opened) ?? missingSignatures(opened, roster) ?? expiredOrOvertaken(opened, stables, now)
  })
  return judged instanceof SignatureError ? refusal('NOT_APPROVED', judged.detail) : judged
}

/** Judges a run by the state of this service. The caller holds the locks of the run's policies. */
export async function refusalOf(tx: Transaction, dossier: RunDossier, roster: Roster): Promise<RefusedBreakGlass | undefined> {
  const { releases } = openDossier(dossier)
  const stables = await Promise.all(releases.map(({ id }) => stableOrNew(tx, id)))
  return judgeBreakGlass(releases, { stables, now: tx.now }, roster)
}

/** Refuses ordinary approvals, which do not declare break-glass; a bundle must declare it as a whole. */
function notBreakGlass(opened: readonly OpenedRelease[]): RefusedBreakGlass | undefined {
  const reason = opened[0]?.predicate.breakGlass?.reason
  const other = opened.find(({ predicate: { breakGlass } }) => breakGlass === undefined || breakGlass.reason !== reason)
  if (opened.length > 0 && other === undefined) return undefined
  return refusal('NOT_BREAK_GLASS', `${nameOf(other)} does not declare break-glass, or not for the same reason as the others`)
}

function missingSignatures(opened: readonly OpenedRelease[], roster: Roster): RefusedBreakGlass | undefined {
  const states = opened.map((release) => ({ release, ...approvalState(roster, release) }))
  const incomplete = states.find(({ complete }) => !complete)
  if (incomplete !== undefined)
    return refusal('NOT_APPROVED', `signatures of ${nameOf(incomplete.release)} are missing: ${incomplete.missing.join(', ')}`)
  const signers = states[0]!.approvedBy.filter(({ id }) => states.every(({ approvedBy }) => approvedBy.some((each) => each.id === id)))
  if (signers.length >= 2) return undefined
  return refusal('NOT_APPROVED', 'fewer than two people signed all releases')
}

/** Refuses releases that have expired, or that were executed or overtaken already, as their `releaseEpoch` and `previous` show. */
function expiredOrOvertaken(opened: readonly OpenedRelease[], stables: readonly Stable[], now: Date): RefusedBreakGlass | undefined {
  for (const [index, release] of opened.entries()) {
    const { releaseEpoch, previous, expires } = release.predicate
    if (Date.parse(expires) <= now.getTime()) return refusal('GRANT_EXPIRED', `the signed releases expired at ${expires}`)
    const overtaken = overtakenReason(stables[index]!, releaseEpoch, previous)
    if (overtaken !== undefined) return overtaken
  }
  return undefined
}

function nameOf(release: OpenedRelease | undefined): string {
  return release === undefined ? 'nothing' : `${release.predicate.policy.id}@${release.predicate.policy.version}`
}

function refusal(reason: BreakGlassRefusal, detail: string): RefusedBreakGlass {
  return { reason, detail }
}
