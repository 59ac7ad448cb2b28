import type { RolloutPlan } from '#libs/contracts'

/** Whether a run without evidence pauses: always in production, elsewhere when its plan says so, as the roster can ask for. */
export function isEvidenceRequired(profile: 'dev' | 'production', plan: RolloutPlan): boolean {
  return profile === 'production' || plan.requireEvidence === true
}
