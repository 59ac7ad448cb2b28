import { scopesOverlap } from '#libs/policy'
import { ALERT_STATES, type Canary } from './canary.js'
import type { RegionHolder } from './region-holder.js'
import { claimedScopes } from './plan-steps.js'

/** States in which a canary owns its regions or waits for them. */
export const CLAIMING_STATES = ['waiting', ...ALERT_STATES] as const satisfies readonly Canary['state'][]

/**
 * Whether this canary blocks its regions for later runs. A baking canary does, because its alerts still count, and an alert without a
 * policy would count for both canaries. A canary that waits for a freeze does not; neither does a baking one before its effective time.
 */
export function claimsRegions({ state, frozen, members }: Pick<Canary, 'state' | 'frozen' | 'members'>, now: Date): boolean {
  if (state === 'waiting') return frozen === null
  if (state === 'baking') return members.some(({ beginsAt }) => beginsAt === undefined || Date.parse(beginsAt) <= now.getTime())
  return (CLAIMING_STATES as readonly string[]).includes(state)
}

/**
 * Returns a run with a region of `canary`'s plan; `null` if none. A region has one canary at a time, of any policy: an alert without a
 * policy would count for two. Published canaries come first, then waiting ones by run number, so a canary of all regions gets its turn.
 */
export function holderOfRegions(canary: Canary, others: readonly Canary[], now: Date): RegionHolder | null {
  const blocking = others.filter((other) => {
    const isOverlapping = claimedScopes(other).some((theirs) => claimedScopes(canary).some((scope) => scopesOverlap(scope, theirs)))
    const isBefore = other.state !== 'waiting' || other.run < canary.run
    return other.run !== canary.run && isBefore && claimsRegions(other, now) && isOverlapping
  })
  blocking.sort((a, b) => Number(a.state === 'waiting') - Number(b.state === 'waiting') || a.run - b.run)
  const [first] = blocking
  return first === undefined ? null : { run: first.run, scopeName: first.scopeName }
}
