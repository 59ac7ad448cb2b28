import type { RolloutPlan } from '#libs/contracts'

/** Whether a run without evidence pauses: always in production, elsewhere if its plan requests it, which the roster can require. */
export function isEvidenceRequired(profile: 'dev' | 'production', plan: RolloutPlan): boolean {
  return profile === 'production' || plan.requireEvidence === true
}
