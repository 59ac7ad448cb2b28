import { SERVICES, type ServiceName } from '#libs/contracts'
import { schemaOf } from '#libs/messaging'
import type { FleetMember } from './fleet/fleet-member.js'
import type { Fleet } from './fleet/fleet.js'
import type { Observer } from './observer.js'

/** The relay's lock of each service: `hashtext(schema)` and shard 0, held by the session that leads. */
export async function leaderOf(observer: Observer, fleet: Fleet, service: ServiceName): Promise<FleetMember | undefined> {
  const [holder] = await observer.rows<{ name: string }>(
    `SELECT application_name AS name FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND objid = 0 AND classid::bigint = (hashtext($1)::bigint & 4294967295)`,
    [schemaOf(service)],
  )
  return fleet.of(service).find((member) => member.title === holder?.name)
}

export interface TakeOver {
  service: ServiceName
  /** The longest that an event, written after the death, waited to be sent. */
  relayMs: number
  /** The longest that an event, there at the death or sent soon after, waited for its handler. */
  handlerMs: number | null
}

/** What every handler that answers an event leaves behind: its own event names the one that caused it. Audit answers none. */
export async function takeOvers(observer: Observer, diedAt: Date, withinMs: number): Promise<TakeOver[]> {
  const results: TakeOver[] = []
  const until = new Date(diedAt.getTime() + withinMs)
  const causes = SERVICES.map((service) => `SELECT event_id, topic, sent_at FROM ${schemaOf(service)}.outbox WHERE sent_at < $2`).join(
    ' UNION ALL ',
  )
  for (const service of SERVICES) {
    const [relay] = await observer.rows<{ ms: number | null }>(
      `SELECT max(extract(epoch FROM sent_at - occurred_at)::float8 * 1000) AS ms FROM ${schemaOf(service)}.outbox WHERE occurred_at > $1 AND sent_at < $2`,
      [diedAt, until],
    )
    const [handler] = await observer.rows<{ ms: number | null }>(
      `SELECT max(extract(epoch FROM answered.at - greatest(cause.sent_at, $1::timestamptz))::float8 * 1000) AS ms
       FROM (SELECT causation_id, min(occurred_at) AS at FROM ${schemaOf(service)}.outbox GROUP BY causation_id HAVING min(occurred_at) > $1) AS answered
       JOIN (${causes}) AS cause ON cause.event_id = answered.causation_id`,
      [diedAt, until],
    )
    if (relay?.ms !== null && relay !== undefined) results.push({ service, relayMs: relay.ms, handlerMs: handler?.ms ?? null })
  }
  return results
}
