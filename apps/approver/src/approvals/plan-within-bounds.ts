import { HmsError, type RolloutPlan } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { approvalRequirement, brokenBound, type BrokenBound, type PlanBounds, type Roster } from '#libs/signing'

/** Bounds of the whole roster, and of the roles that approve these policies. */
export function boundsOf(roster: Roster, policies: readonly PolicyDocument[]): PlanBounds[] {
  return policies.flatMap((policy) => approvalRequirement(roster, policy).bounds)
}

/** What the roster asks for and nobody chooses is written into the plan; what was chosen must hold to its bounds. */
export function withinBounds(plan: RolloutPlan, bounds: readonly PlanBounds[]): RolloutPlan {
  const bound: RolloutPlan = bounds.some(({ requireEvidence }) => requireEvidence === true) ? { ...plan, requireEvidence: true } : plan
  const broken = brokenBound(bounds, bound)
  if (broken !== undefined) throw outOfBounds(broken)
  return bound
}

/** 422 `HMS_APPROVER_PLAN_BOUNDS`. */
export function outOfBounds({ bound, detail, flag }: BrokenBound): HmsError {
  const sentence = detail.charAt(0).toUpperCase() + detail.slice(1)
  const remedy = flag === undefined ? 'Prepare it again.' : `Say ${flag}.`
  return new HmsError('HMS_APPROVER_PLAN_BOUNDS', `${sentence} (${bound}). ${remedy}`, {
    status: 422,
    next: [`hms-svc approve FILE --sign NAME${flag === undefined ? '' : ` ${flag}`}`, 'hms-svc roster show'],
    state: { bound },
  })
}
