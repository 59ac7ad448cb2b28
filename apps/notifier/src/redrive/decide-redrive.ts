import type { Delivery } from '../delivery/delivery.table.js'
import type { Partner } from '../partners/partner.js'

/** `pending`: it is being tried already, so that asking twice sends once. */
export type RedriveAnswer = { do: 'send' } | { do: 'nothing'; because: 'pending' | 'overtaken'; detail: string }

/**
 * Whether a message may be sent again. In a lane `latest` only its newest one may: after it an older one would tell what is in force no
 * more. In a lane `every` each may, and comes behind what waits.
 */
export function decideRedrive(delivery: Delivery, newest: Delivery | undefined, lane: Partner['lane']): RedriveAnswer {
  if (delivery.state === 'pending') {
    const when = delivery.nextAttemptAt === null ? 'its turn comes after another message' : `the next try is at ${delivery.nextAttemptAt}`
    return { do: 'nothing', because: 'pending', detail: `It is being sent: ${when}.` }
  }
  const isNewest = newest === undefined || newest.id === delivery.id
  if (lane === 'every' || (isNewest && delivery.state !== 'superseded')) return { do: 'send' }
  const newer = isNewest ? 'a newer message' : `${newest.policy}@${newest.version} (${newest.id})`
  return {
    do: 'nothing',
    because: 'overtaken',
    detail: `The partner is told of ${newer} since, and its lane is latest: this message would tell what is in force no more.`,
  }
}
