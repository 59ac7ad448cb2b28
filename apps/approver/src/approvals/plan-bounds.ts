import { action, HmsError, sentence, type RolloutPlan } from '#libs/contracts'
import { approvalRequirement, type BrokenBound, type Roster, type Tagged } from '#libs/signing'

/** Adds `requireEvidence` and `requirePower` to a plan if the roster demands them. `missingOf` checks the options that callers choose. */
export function withRequiredEvidence(plan: RolloutPlan, roster: Roster, releases: readonly Tagged[]): RolloutPlan {
  const bounds = releases.flatMap((release) => approvalRequirement(roster, release).bounds)
  return {
    ...plan,
    ...(bounds.some(({ requireEvidence }) => requireEvidence === true) ? { requireEvidence: true } : {}),
    ...(bounds.some(({ requirePower }) => requirePower === true) ? { requirePower: true } : {}),
  }
}

/** Returns the plan adjusted to all bounds of the roster. Used for rollbacks and break-glass, whose plan no caller chooses. */
export function withinBounds(plan: RolloutPlan, roster: Roster, release: Tagged): RolloutPlan {
  const { bounds } = approvalRequirement(roster, release)
  const bounded = bounds.reduce((within, { minObserveMs = 0, minBakeMs = 0, maxShare = 10_000 }) => {
    const [observeMs, bakeMs] = [Math.max(within.observeMs, minObserveMs), Math.max(within.bakeMs, minBakeMs)]
    return { ...within, observeMs, bakeMs, share: Math.min(within.share, maxShare) }
  }, plan)
  return withRequiredEvidence(bounded, roster, [release])
}

/** Returns the error 422 `HMS_APPROVER_PLAN_BOUNDS`. */
export function outOfBounds({ bound, detail, flag }: BrokenBound): HmsError {
  const remedy = flag === undefined ? 'Prepare it again.' : `Use ${flag}.`
  return new HmsError('HMS_APPROVER_PLAN_BOUNDS', `${sentence(detail)} (${bound}). ${remedy}`, {
    status: 422,
    next: [flag === undefined ? action('approve') : action('approve.option', { option: flag }), action('roster.show')],
    state: { bound },
  })
}
