import type { Delivery } from '../delivery/delivery.table.js'
import { bundleOf, covers } from '../delivery/told-policies.js'
import type { Partner } from '../partners/partner.js'

/** `pending`: it is being tried already, so that asking twice sends once. `behind`: what must be sent again behind it. */
export type RedriveAnswer =
  | { do: 'send'; behind: readonly Delivery[] }
  | { do: 'nothing'; because: 'pending' | 'overtaken'; detail: string }

/**
 * Whether a message may be sent again. In a lane `latest` only its newest one may: after it an older one would tell what is in force no
 * more. Of a bundle that newer messages overtook in part, the rest was never told: it is sent, and they once more behind it. In a lane
 * `every` each may, and comes behind what waits.
 *
 * @param newer about policies of this message, the oldest first
 */
export function decideRedrive(delivery: Delivery, newer: readonly Delivery[], lane: Partner['lane']): RedriveAnswer {
  if (delivery.state === 'pending') {
    const when = delivery.nextAttemptAt === null ? 'its turn comes after another message' : `the next try is at ${delivery.nextAttemptAt}`
    return { do: 'nothing', because: 'pending', detail: `It is being sent: ${when}.` }
  }
  if (lane === 'every') return { do: 'send', behind: [] }
  const newest = newer.at(-1)
  if (delivery.state === 'superseded' || covers(newer, delivery)) return overtaken(newest, 'told')
  return newer.some(({ state }) => state === 'pending') ? overtaken(newest, 'being told') : { do: 'send', behind: newestOf(newer) }
}

/** Those of which no later one tells everything. */
function newestOf(newer: readonly Delivery[]): Delivery[] {
  return newer.filter((each, index) => !covers(newer.slice(index + 1), each))
}

export function overtaken(newest: Delivery | undefined, how: 'told' | 'being told'): RedriveAnswer {
  const newer = newest === undefined ? 'a newer message' : `${bundleOf(newest).join(', ')} (${newest.id})`
  return {
    do: 'nothing',
    because: 'overtaken',
    detail: `The partner is ${how} of ${newer} since, and its lane is latest: this message would tell what is in force no more.`,
  }
}
