import { HmsError, parseDuration, type PlanOptions } from '#libs/contracts'
import { parseShare } from '#libs/policy'

/** A rollout plan as people write it; what is left out is filled by approver. */
export interface PlanInput {
  /** Fraction (`0.05`; `1` is everyone) or percentage (`'5%'`). */
  canary?: number | string
  /** `region:NCR`; a canary is always one region. */
  scope?: string
  /** `'5m'`, or milliseconds. */
  observe?: string | number
  bake?: string | number
  partners?: string[]
  /** `ID@VERSION` each. */
  fallbacks?: string[]
}

/** Throws `HMS_SHARE_INVALID` or `HMS_DURATION_INVALID` (400). */
export function planOptions(input: PlanInput): PlanOptions {
  return {
    share: input.canary === undefined ? undefined : shareOf(input.canary),
    scope: input.scope,
    observeMs: input.observe === undefined ? undefined : parseDuration(input.observe, 'observe'),
    bakeMs: input.bake === undefined ? undefined : parseDuration(input.bake, 'bake'),
    partners: input.partners,
    fallbacks: input.fallbacks,
  }
}

function shareOf(canary: number | string): number {
  const share = parseShare(canary)
  if (share.ok) return share.basisPoints
  throw new HmsError(share.code, `canary: ${share.message}`, { status: 400 })
}
