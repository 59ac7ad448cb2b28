import { wayOf, type Delivery } from '../delivery/delivery.table.js'
import { toldOf } from '../delivery/told-policies.js'

/** Whether the partner may have read it: a failed try may have been heard all the same, and so may the tries before a redrive. */
export function mayHaveCome({ state, tries, sending, redrives = [] }: Delivery): boolean {
  return state === 'delivered' || tries > 0 || sending || redrives.length > 0
}

/** The version of the policy that is in force by this message; `null` where it says that nothing is. */
export function versionTold(delivery: Delivery, policy: string): string | null {
  const { type } = JSON.parse(delivery.body) as { type: string }
  return type === 'policy.withdrawn' ? null : toldOf(delivery).find((each) => each.policy === policy)!.version
}

/**
 * Whether messages that wait untried can be dropped in silence: on each of their ways the partner surely read last what is in force
 * (`null`: nothing), or never read of the policy. `told`: all of one partner and policy, the newest first.
 */
export function knowsWithout(waiting: readonly Delivery[], told: readonly Delivery[], policy: string, inForce: string | null): boolean {
  return waiting.every((each) => {
    const last = told.find((other) => wayOf(other) === wayOf(each) && mayHaveCome(other))
    return last === undefined || (last.state === 'delivered' && versionTold(last, policy) === inForce)
  })
}
