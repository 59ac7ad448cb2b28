import { action, HmsError, SERVICES, type OutgoingEvent, type ServiceName } from '#libs/contracts'
import type { Pool } from 'pg'
import { recordOf } from '../cloud-event.js'
import { EVENT_COLUMNS, eventOf } from '../outbox/outbox.store.postgres.js'
import type { TopicLog, TopicPage, TopicQuery } from '../event-bus.js'
import { schemaOf } from './schema-of.js'

type LoggedEvent = OutgoingEvent & { offset: string; time: Date }

/** Maximum characters of a page per service, not counting the last record: policy documents may be large. */
const MAX_PAGE_CHARACTERS = 1024 * 1024
/** Offsets before the first record of each service. */
const START_OFFSETS = SERVICES.map(() => 0)

/** Merges the outboxes of one machine into one log. A position lists each service's offset in the order of `SERVICES`: `12.0.3`. */
export class EmbeddedLog implements TopicLog {
  constructor(private readonly pool: Pool) {}

  async read(query: TopicQuery): Promise<TopicPage> {
    const { after, since, newest } = query
    if (newest === true) return this.page(query, START_OFFSETS)
    if (after === undefined) {
      const offsets = await Promise.all(SERVICES.map((service) => this.offsetBefore(service, since)))
      return since === undefined ? { records: [], next: offsets.join('.') } : this.page(query, offsets)
    }
    return this.page(query, parseCursor(after))
  }

  private async page(query: TopicQuery, offsets: readonly number[]): Promise<TopicPage> {
    const found = await Promise.all(SERVICES.map((service, index) => this.fetch(service, query, offsets[index]!)))
    const next = found.map((events, index) => Number(events.at(-1)?.offset ?? offsets[index]!))
    const rows = found.flatMap(withMonotonicTimes).toSorted((a, b) => a.at - b.at)
    return { records: rows.map(({ event }) => recordOf(eventOf(event), `0:${event.offset}`)), next: next.join('.') }
  }

  /** Fetches each topic through the index on topic and offset, so a page costs the same at any position. */
  private async fetch(service: ServiceName, { topics, newest, limit }: TopicQuery, after: number): Promise<LoggedEvent[]> {
    const order = newest === true ? 'DESC' : 'ASC'
    const { rows } = await this.pool.query<LoggedEvent>(
      `SELECT * FROM (
         SELECT *, sum(coalesce(length(value), 0)) OVER (ORDER BY "offset" ${order}) - coalesce(length(value), 0) AS characters_before
         FROM (
           SELECT found.* FROM unnest($1::text[]) AS wanted(name) CROSS JOIN LATERAL (
             SELECT log_offset AS "offset", ${EVENT_COLUMNS} FROM ${schemaOf(service)}.outbox
             WHERE topic = wanted.name AND log_offset > $2 ORDER BY log_offset ${order} LIMIT $3
           ) AS found ORDER BY "offset" ${order} LIMIT $3
         ) AS page
       ) AS sized WHERE characters_before < $4 ORDER BY "offset"`,
      [[...new Set(topics)], after, limit, MAX_PAGE_CHARACTERS],
    )
    return rows
  }

  /** Returns the last offset before `since`; without `since`, the newest offset. Scans backwards: only rows after `since` cost time. */
  private async offsetBefore(service: ServiceName, since: Date | undefined): Promise<number> {
    const { rows } = await this.pool.query<{ log_offset: string }>(
      `SELECT log_offset FROM ${schemaOf(service)}.outbox
       WHERE log_offset IS NOT NULL AND ($1::timestamptz IS NULL OR occurred_at < $1) ORDER BY seq DESC LIMIT 1`,
      [since ?? null],
    )
    return Number(rows[0]?.log_offset ?? 0)
  }
}

/** Pairs events with monotonic times for merging: an earlier transaction may commit later, and its event must keep its position. */
function withMonotonicTimes(events: readonly LoggedEvent[]): { at: number; event: LoggedEvent }[] {
  let at = 0
  return events.map((event) => ({ at: (at = Math.max(at, event.time.getTime())), event }))
}

function parseCursor(text: string): number[] {
  const offsets = text.split('.').map(Number)
  if (offsets.length === SERVICES.length && offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0)) return offsets
  const detail = '`after` is not a position of this log: pass `next` of an earlier page, or `since`.'
  throw new HmsError('HMS_TOPICS_PLACE', detail, { status: 400, next: [action('topics.tail')] })
}
