import { defined, type PassedStep } from '#libs/contracts'
import type { Canary } from './canary.js'
import type { PassBasis } from './inputs-and-effects.js'
import { headsOf, UNISSUED, type CanaryMember, type ScopedMember } from './members.js'
import { newMetrics } from './metrics.js'
import { followingStep } from './plan-steps.js'
import { alertsOf } from './prediction.js'
import { storedShares } from './alert-timing.js'
import { restartWatch } from './watch.js'

/**
 * Returns the canary at its next step. Heads of other scopes stay. The share never shrinks, even if it was widened beyond the next
 * requested share, so that a bot keeps the release. Observation and metrics restart; unexplained alerts continue to count.
 */
export function atNextStep(canary: Canary, now: Date): Canary {
  const { observeUntil: _until, remainingMs: _remaining, counts: _counts, watch, ...rest } = canary
  const step = followingStep(canary)!
  const heads = headsOf(canary).map((head): ScopedMember => ({ ...head, shown: storedShares(canary, head) }))
  const members = canary.members.map(({ policy, release, base, baseSeq, beginsAt }): CanaryMember => {
    const known = heads.find((head) => head.policy === policy && head.scope === step.scope)
    const [seq, share, shown] = [known?.seq ?? 0, Math.max(step.share, known?.share ?? 0), known?.shown ?? []]
    return { policy, release, base, ...defined({ baseSeq, beginsAt }), ...UNISSUED, seq, share, shown }
  })
  const earlier = heads.filter((head) => head.scope !== step.scope).map((head) => ({ ...head, heard: false }))
  const { metrics } = canary.dossier.plan
  return {
    ...rest,
    step: (canary.step ?? 0) + 1,
    scope: step.scope,
    scopeName: step.scopeName,
    requestedShare: step.share,
    members,
    ...(earlier.length === 0 ? {} : { earlier }),
    observeUntil: null,
    observed: false,
    ...(canary.predictions === undefined ? {} : { alertsBefore: alertsOf(canary.alerting) }),
    ...(watch === undefined ? {} : { watch: restartWatch(watch, now) }),
    ...(metrics === undefined ? {} : { metrics: newMetrics(metrics) }),
  }
}

const BASES_WEAKEST_FIRST: readonly PassBasis[] = ['unobserved', 'promoted', 'observed']

/** Returns the basis of the whole canary's verdict: the weakest basis of its steps. */
export function weakestBasis(steps: readonly PassedStep[]): PassBasis {
  return BASES_WEAKEST_FIRST.find((basis) => steps.some((step) => step.basis === basis)) ?? 'observed'
}
