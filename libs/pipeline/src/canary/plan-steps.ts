import { stepsOf, type RampStep, type RunDossier } from '#libs/contracts'

/** Fields of a canary that define its current step of the plan. */
interface Stepping {
  dossier: Pick<RunDossier, 'plan'>
  scope: string
  step?: number
  earlier?: readonly { scope: string }[]
}

export function followingStep({ dossier, step = 0 }: Stepping): RampStep | undefined {
  return stepsOf(dossier.plan)[step + 1]
}

export function stepCount({ dossier }: Pick<Stepping, 'dossier'>): number {
  return stepsOf(dossier.plan).length
}

/** Returns the scopes where it is published, or will be with its first head. */
export function shownScopes({ scope, earlier = [] }: Pick<Stepping, 'scope' | 'earlier'>): string[] {
  return [...new Set([scope, ...earlier.map((head) => head.scope)])]
}

/** Returns the scopes of its next advance; for a growing canary, including the next step's. */
export function scopesAhead(canary: Stepping & { state: string }): string[] {
  const next = canary.state === 'growing' ? followingStep(canary) : undefined
  return [...new Set([...shownScopes(canary), ...(next === undefined ? [] : [next.scope])])]
}

/**
 * Returns all scopes of its plan. It claims them from the first step on: two canaries that wait for each other's scopes would never grow.
 */
export function claimedScopes({ dossier, scope }: Pick<Stepping, 'dossier' | 'scope'>): string[] {
  return [...new Set([scope, ...stepsOf(dossier.plan).map((step) => step.scope)])]
}
