import { wayOf, type Delivery } from '../delivery/delivery.table.js'
import { policiesOf } from '../delivery/notified-policies.js'

/** Whether the partner may have received it: a failed attempt may have reached it, and so may attempts before a redrive. */
export function mayHaveCome({ state, tries, sending, redrives = [] }: Delivery): boolean {
  return state === 'delivered' || tries > 0 || sending || redrives.length > 0
}

/** Returns the version of the policy that the message reports as in force; `null` if it reports that none is. */
export function reportedVersion(delivery: Delivery, policy: string): string | null {
  const { type } = JSON.parse(delivery.body) as { type: string }
  return type === 'policy.withdrawn' ? null : policiesOf(delivery).find((each) => each.policy === policy)!.version
}

/**
 * Whether waiting, unattempted messages can be dropped without a notification: on each of their channels the last message the partner
 * certainly received reports `inForce` (`null`: nothing), or it received none about the policy. `deliveries`: all of one partner and
 * policy, newest first.
 */
export function knowsWithout(
  waiting: readonly Delivery[],
  deliveries: readonly Delivery[],
  policy: string,
  inForce: string | null,
): boolean {
  return waiting.every((each) => {
    const last = deliveries.find((other) => wayOf(other) === wayOf(each) && mayHaveCome(other))
    return last === undefined || (last.state === 'delivered' && reportedVersion(last, policy) === inForce)
  })
}
