import type { Delivery } from '../delivery/delivery.table.js'
import { bundleOf, covers } from '../delivery/notified-policies.js'
import type { Partner } from '../partners/partner.js'

/** Decision on a redrive. `pending`: queued already, so a repeated call does not send it twice. `followedBy`: newer messages to resend. */
export type RedriveDecision =
  | { do: 'send'; followedBy: readonly Delivery[] }
  | { do: 'nothing'; because: 'pending' | 'overtaken'; detail: string }

/**
 * Decides whether a message may be resent. Lane `every`: yes, after waiting messages. Lane `latest`: no if newer messages cover all its
 * policies, because it would report versions no longer in force; else yes, then newer messages. `newer`: about its policies, oldest first.
 */
export function decideRedrive(delivery: Delivery, newer: readonly Delivery[], lane: Partner['lane']): RedriveDecision {
  if (delivery.state === 'pending') {
    const when = delivery.nextAttemptAt === null ? 'its turn comes after another message' : `the next try is at ${delivery.nextAttemptAt}`
    return { do: 'nothing', because: 'pending', detail: `It is being sent: ${when}.` }
  }
  if (lane === 'every') return { do: 'send', followedBy: [] }
  const newest = newer.at(-1)
  if (delivery.state === 'superseded' || covers(newer, delivery)) return overtaken(newest, 'was notified') // guard: redrive-overtaken
  return newer.some(({ state }) => state === 'pending')
    ? overtaken(newest, 'is being notified')
    : // Followed by the messages that no later one covers completely.
      { do: 'send', followedBy: newer.filter((each, index) => !covers(newer.slice(index + 1), each)) }
}

/** Refusal while the message is pending or delivered on another channel of a partner with `deliver: first`. */
export function sentOn({ id, channel, state }: Delivery): RedriveDecision {
  const how = state === 'pending' ? 'is being sent' : 'was delivered'
  return { do: 'nothing', because: 'overtaken', detail: `The message ${how} on ${channel} of the partner (${id}).` }
}

export function overtaken(newest: Delivery | undefined, how: 'was notified' | 'is being notified'): RedriveDecision {
  const newer = newest === undefined ? 'a newer message' : `${bundleOf(newest).join(', ')} (${newest.id})`
  return {
    do: 'nothing',
    because: 'overtaken',
    detail: `The partner ${how} of ${newer}, and its lane is latest: this message would report what is no longer in force.`,
  }
}
