import { HmsError, type RolloutPlan } from '#libs/contracts'
import { approvalRequirement, type BrokenBound, type Roster, type Tagged } from '#libs/signing'

/** What the roster asks for and nobody chooses is written into the plan; what was chosen is judged by `missingOf`. */
export function asTheRosterAsks(plan: RolloutPlan, roster: Roster, releases: readonly Tagged[]): RolloutPlan {
  const demanding = releases.some((release) =>
    approvalRequirement(roster, release).bounds.some(({ requireEvidence }) => requireEvidence === true),
  )
  return demanding ? { ...plan, requireEvidence: true } : plan
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
