import type { OutgoingEvent } from '#libs/contracts'
import { postgresOf, type Transaction } from '#libs/persistence'
import type { OutboxRow, OutboxStore } from './outbox.store.js'

/** Columns that make an `OutgoingEvent`, under its own names. */
export const EVENT_COLUMNS = `event_id AS id, source, type, topic, msg_key AS key, key_seq::int AS "keySeq", occurred_at AS time,
  run_id AS "runId", attempt, causation_id AS "causationId", traceparent, value`

export class PostgresOutboxStore implements OutboxStore {
  async nextKeySeq(tx: Transaction, topic: string, key: string): Promise<number> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ n: string }>(
      `INSERT INTO ${schema}.stream_head (topic, msg_key, key_seq) VALUES ($1, $2, 1)
       ON CONFLICT (topic, msg_key) DO UPDATE SET key_seq = stream_head.key_seq + 1 RETURNING key_seq AS n`,
      [topic, key],
    )
    return Number(rows[0]!.n)
  }

  async append(tx: Transaction, event: OutgoingEvent): Promise<void> {
    const { schema } = postgresOf(tx)
    await postgresOf(tx).query(
      `INSERT INTO ${schema}.outbox
         (event_id, source, type, topic, msg_key, key_seq, occurred_at, run_id, attempt, causation_id, traceparent, value)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [
        event.id,
        event.source,
        event.type,
        event.topic,
        event.key,
        event.keySeq,
        event.time,
        event.runId ?? null,
        event.attempt ?? null,
        event.causationId ?? null,
        event.traceparent ?? null,
        event.value,
      ],
    )
  }

  async unsent(tx: Transaction, limit: number): Promise<OutboxRow[]> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<OutboxRow & { time: Date }>(
      `SELECT seq::bigint::float8 AS seq, ${EVENT_COLUMNS} FROM ${schema}.outbox WHERE sent_at IS NULL ORDER BY outbox.seq LIMIT $1`,
      [limit],
    )
    return rows.map(eventOf)
  }

  async markSent(tx: Transaction, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (ids.length === 0) return new Map()
    const { schema } = postgresOf(tx)
    // The offset is drawn in seq order: the embedded log keeps the order in which the leader sent.
    const rows = await postgresOf(tx).query<{ id: string; offset: string }>(
      `WITH batch AS (
         SELECT seq, nextval('${schema}.outbox_log_offset') AS log_offset
         FROM (SELECT seq FROM ${schema}.outbox WHERE event_id = ANY($1::uuid[]) AND sent_at IS NULL ORDER BY seq) AS ordered)
       UPDATE ${schema}.outbox SET sent_at = clock_timestamp(), log_offset = batch.log_offset FROM batch WHERE outbox.seq = batch.seq
       RETURNING event_id AS id, outbox.log_offset AS "offset"`,
      [ids],
    )
    return new Map(rows.map((row) => [row.id, Number(row.offset)]))
  }

  async oldestUnsentAt(tx: Transaction): Promise<Date | null> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ at: Date | null }>(
      `SELECT occurred_at AS at FROM ${schema}.outbox WHERE sent_at IS NULL ORDER BY seq LIMIT 1`,
    )
    return rows[0]?.at ?? null
  }
}

/** Drops what the driver gives as null where the event has nothing, and writes times as RFC 3339. */
export function eventOf<R extends OutgoingEvent>(row: R & { time: Date | string }): R {
  const event = { ...row, time: new Date(row.time).toISOString() }
  for (const name of ['runId', 'attempt', 'causationId', 'traceparent'] as const) {
    if ((event[name] as unknown) === null) delete event[name]
  }
  return event
}
