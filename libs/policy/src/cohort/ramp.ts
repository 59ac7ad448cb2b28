import { MAX_RAMP_STEPS, type RampStep } from '#libs/contracts'
import { ALL_REGIONS, BASIS_POINTS } from './bucket.js'
import { parseShare } from './share.js'

/** One step of a ramp: the share of a scope that gets the release, in addition to the readers of earlier steps. */
export type RampShare = Pick<RampStep, 'share' | 'scope'>

export type ParsedRamp = { ok: true; steps: RampShare[] } | { ok: false; code: 'HMS_RAMP_INVALID'; message: string }

const STEP = /^([\d.]{1,30}\s*%?)(?:\s+(?:region:)?([A-Za-z0-9][A-Za-z0-9_-]{0,63}))?$/

/** Parses `5% NCR, 100% NCR, 25%, 100%`: shares of a region, or of all; the last step, the full rollout, is omitted from the result. */
export function parseRamp(text: string): ParsedRamp {
  const steps: RampShare[] = []
  for (const [index, part] of text.split(',').entries()) {
    const [, share, region] = STEP.exec(part.trim()) ?? []
    if (share === undefined) return refusal(`step ${index + 1}, ${JSON.stringify(part.trim())}, is not a step; write 5% NCR, or 25%`)
    const parsed = parseShare(share)
    if (!parsed.ok) return refusal(`step ${index + 1}: ${parsed.message}`)
    steps.push({ share: parsed.basisPoints, scope: region === undefined ? ALL_REGIONS : `region:${region}` })
  }
  const last = steps.pop()!
  if (last.share !== BASIS_POINTS || last.scope !== ALL_REGIONS) return refusal('the last step must be the full rollout: write 100%')
  const problem = rampProblem(steps)
  return problem === undefined ? { ok: true, steps } : refusal(problem)
}

/** Returns why a canary cannot have these steps; `undefined` if it can. A cohort only grows: no reader loses the release in later steps. */
export function rampProblem(steps: readonly RampShare[]): string | undefined {
  if (steps.length === 0) return 'a ramp needs at least one step before the full rollout'
  if (steps.length > MAX_RAMP_STEPS) return `${steps.length} steps before the rollout, ${MAX_RAMP_STEPS} at most`
  for (const [index, { share, scope }] of steps.entries()) {
    const before = steps.slice(0, index)
    const name = `step ${index + 1}, ${describeRampShare({ share, scope })},`
    if (scope !== ALL_REGIONS && before.some((step) => step.scope === ALL_REGIONS)) return `${name} comes after a step of all regions`
    const larger = before.findIndex((step) => step.scope === scope && step.share >= share)
    if (larger !== -1) return `${name} is not more than step ${larger + 1}: a cohort only grows`
  }
  return undefined
}

/** Formats a step as written by people: `5% NCR`, `25%`. */
export function describeRampShare({ share, scope }: RampShare): string {
  const percent = `${share / 100}%`
  return scope === ALL_REGIONS ? percent : `${percent} ${scope.replace(/^region:/, '')}`
}

export function isSameRamp(some: readonly RampShare[], others: readonly RampShare[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ share, scope }, index) => share === others[index]!.share && scope === others[index]!.scope)
  )
}

function refusal(message: string): ParsedRamp {
  return { ok: false, code: 'HMS_RAMP_INVALID', message }
}
