import { stepsOf, type RampStep, type RunDossier } from '#libs/contracts'

interface StepFields {
  dossier: Pick<RunDossier, 'plan'>
  scope: string
  step?: number
  earlier?: readonly { scope: string }[]
}

export function followingStep({ dossier, step = 0 }: StepFields): RampStep | undefined {
  return stepsOf(dossier.plan)[step + 1]
}

export function stepCount({ dossier }: Pick<StepFields, 'dossier'>): number {
  return stepsOf(dossier.plan).length
}

export function scopesWithHeads({ scope, earlier = [] }: Pick<StepFields, 'scope' | 'earlier'>): string[] {
  return [...new Set([scope, ...earlier.map((head) => head.scope)])]
}

/** Returns the scopes whose freezes block the canary; for a growing canary, also the scope of the next step. */
export function freezableScopes(canary: StepFields & { state: string }): string[] {
  const next = canary.state === 'growing' ? followingStep(canary) : undefined
  return [...new Set([...scopesWithHeads(canary), ...(next === undefined ? [] : [next.scope])])]
}

/** Returns all scopes, claimed from the first step on; otherwise two canaries could wait for each other's scopes forever. */
export function claimedScopes({ dossier, scope }: Pick<StepFields, 'dossier' | 'scope'>): string[] {
  return [...new Set([scope, ...stepsOf(dossier.plan).map((step) => step.scope)])]
}
