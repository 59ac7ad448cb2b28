import { scopesOverlap } from '#libs/policy'
import type { Canary } from './canary.js'
import type { RegionHolder } from './region-holder.js'
import { claimedScopes } from './plan-steps.js'

/** States in which a canary has its regions for itself, or waits for them. In the bake its cohort lives as everybody does. */
export const CLAIMING_STATES = [
  'waiting',
  'publishing',
  'observing',
  'growing',
  'paused',
  'passed',
] as const satisfies readonly Canary['state'][]

/** Whether later runs wait for this one. What a freeze holds back lets others go first. */
export function claimsRegions({ state, frozen }: Pick<Canary, 'state' | 'frozen'>): boolean {
  return state === 'waiting' ? frozen === null : (CLAIMING_STATES as readonly string[]).includes(state)
}

/**
 * Which of these has a region that `canary` asks for; `null` when it is free. One canary per region at a time, whatever the policy: two
 * would share their alerts. First come the canaries that readers see, then those that wait, by their numbers: one of all regions gets its
 * turn.
 */
export function holderOfRegions(canary: Canary, others: readonly Canary[]): RegionHolder | null {
  const inTheWay = others.filter((other) => {
    const isAhead = other.state !== 'waiting' || other.run < canary.run
    return other.run !== canary.run && isAhead && claimsRegions(other) && doMeet(claimedScopes(canary), claimedScopes(other))
  })
  inTheWay.sort((a, b) => Number(a.state === 'waiting') - Number(b.state === 'waiting') || a.run - b.run)
  const [first] = inTheWay
  return first === undefined ? null : { run: first.run, scopeName: first.scopeName }
}

function doMeet(some: readonly string[], others: readonly string[]): boolean {
  return some.some((scope) => others.some((other) => scopesOverlap(scope, other)))
}
