import { isObject, stepsOf, type RolloutPlan } from '#libs/contracts'
import { isBasisPoints, isBoolean, isCount, objectOf, optional, type Check } from '../shape.js'

/** Bounds on a plan. A missing member sets no bound. */
export type PlanBounds = {
  minObserveMs?: number
  minBakeMs?: number
  /** Maximum basis points of any canary step. */
  maxShare?: number
  /** Whether missing evidence must pause the run in every profile. */
  requireEvidence?: boolean
  /** Whether a canary must pause if its figures do not exclude a doubled rate of unexplained alerts. */
  requirePower?: boolean
}

export type BrokenBound = {
  bound: keyof PlanBounds
  /** Sentence without full stop. */
  detail: string
  /** Flag of `approve` that satisfies the bound; `undefined` if no flag can. */
  flag?: string
}

const SHAPE = {
  minObserveMs: optional(isCount),
  minBakeMs: optional(isCount),
  maxShare: optional(isBasisPoints),
  requireEvidence: optional(isBoolean),
  requirePower: optional(isBoolean),
}
const fitsBounds = objectOf(SHAPE)

/** Checks bounds. Rejects unknown bounds, which a newer build may define. */
export const isBounds: Check = (value) =>
  fitsBounds(value) && isObject(value) && Object.keys(value).every((name) => Object.hasOwn(SHAPE, name))

/** Returns the first bound that `plan` violates, in the order of `all`; `undefined` if none. */
export function brokenBound(all: readonly (PlanBounds | undefined)[], plan: RolloutPlan): BrokenBound | undefined {
  for (const bounds of all) {
    const broken = bounds === undefined ? undefined : breach(bounds, plan)
    if (broken !== undefined) return broken
  }
  return undefined
}

function breach(
  { minObserveMs = 0, minBakeMs = 0, maxShare = 10_000, requireEvidence = false, requirePower = false }: PlanBounds,
  plan: RolloutPlan,
): BrokenBound | undefined {
  if (plan.observeMs < minObserveMs) return tooShort('minObserveMs', 'observes', plan.observeMs, minObserveMs, 'observe')
  if (plan.bakeMs < minBakeMs) return tooShort('minBakeMs', 'bakes', plan.bakeMs, minBakeMs, 'bake')
  const widest = Math.max(...stepsOf(plan).map(({ share }) => share))
  if (widest > maxShare) {
    return {
      bound: 'maxShare',
      detail: `the plan takes ${widest / 100} % of the scope, and the roster allows ${maxShare / 100} %`,
      flag: `--canary ${maxShare / 100}%`,
    }
  }
  if (requireEvidence && plan.requireEvidence !== true)
    return { bound: 'requireEvidence', detail: 'the roster asks for evidence, and the plan does not' }
  if (requirePower && plan.requirePower !== true)
    return { bound: 'requirePower', detail: 'the roster asks for power, and the plan does not' }
  return undefined
}

function tooShort(bound: keyof PlanBounds, verb: string, ms: number, least: number, flag: string): BrokenBound {
  return { bound, detail: `the plan ${verb} ${ms} ms, and the roster asks for ${least} ms at least`, flag: `--${flag} ${least}ms` }
}
