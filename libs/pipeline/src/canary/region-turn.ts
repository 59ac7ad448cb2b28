import { scopesOverlap } from '#libs/policy'
import type { Canary } from './canary.js'
import type { RegionHolder } from './region-holder.js'
import { claimedScopes } from './plan-steps.js'

/** States in which a canary owns its regions or waits for them. */
export const CLAIMING_STATES = [
  'waiting',
  'publishing',
  'observing',
  'growing',
  'paused',
  'passed',
  'baking',
] as const satisfies readonly Canary['state'][]

/**
 * Whether later runs wait for this one. They do during its bake too: its alerts count until then, and an alert without a policy would count
 * in both. A canary blocked by a freeze lets others go first, and so does one only held until its effective time.
 */
export function claimsRegions({ state, frozen, members }: Pick<Canary, 'state' | 'frozen' | 'members'>, now: Date): boolean {
  if (state === 'waiting') return frozen === null
  if (state === 'baking') return members.some(({ beginsAt }) => beginsAt === undefined || Date.parse(beginsAt) <= now.getTime())
  return (CLAIMING_STATES as readonly string[]).includes(state)
}

/**
 * Returns the run that has a region which `canary` requests; `null` if the regions are free. There is one canary per region at a time,
 * whatever the policy, because two would share their alerts. Published canaries come first, then waiting ones by run number, so a canary of
 * all regions gets its turn.
 */
export function holderOfRegions(canary: Canary, others: readonly Canary[], now: Date): RegionHolder | null {
  const inTheWay = others.filter((other) => {
    const isAhead = other.state !== 'waiting' || other.run < canary.run
    return other.run !== canary.run && isAhead && claimsRegions(other, now) && doMeet(claimedScopes(canary), claimedScopes(other))
  })
  inTheWay.sort((a, b) => Number(a.state === 'waiting') - Number(b.state === 'waiting') || a.run - b.run)
  const [first] = inTheWay
  return first === undefined ? null : { run: first.run, scopeName: first.scopeName }
}

function doMeet(some: readonly string[], others: readonly string[]): boolean {
  return some.some((scope) => others.some((other) => scopesOverlap(scope, other)))
}
