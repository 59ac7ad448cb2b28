import { stepsOf, type RampStep, type RunDossier } from '#libs/contracts'

/** The fields of a canary that say at which step of its plan it is. */
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

/** Where it is shown by now, or will be at its first head. */
export function shownScopes({ scope, earlier = [] }: Pick<Stepping, 'scope' | 'earlier'>): string[] {
  return [...new Set([scope, ...earlier.map((head) => head.scope)])]
}

/** Those that its next move forward reaches: of a canary that grows also the next step's. */
export function scopesAhead(canary: Stepping & { state: string }): string[] {
  const next = canary.state === 'growing' ? followingStep(canary) : undefined
  return [...new Set([...shownScopes(canary), ...(next === undefined ? [] : [next.scope])])]
}

/** All that it will ever be shown in. They are its own from the first step on: two that wait for each other's would never grow. */
export function claimedScopes({ dossier, scope }: Pick<Stepping, 'dossier' | 'scope'>): string[] {
  return [...new Set([scope, ...stepsOf(dossier.plan).map((step) => step.scope)])]
}
