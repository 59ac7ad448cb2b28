import type { OutgoingEvent } from '#libs/contracts'
import { postgresOf, type Transaction } from '#libs/persistence'
import type { LogPosition } from '../event-bus.js'
import type { LogEnd, OutboxRow, OutboxStore, SentRow } from './outbox.store.js'

/** Columns of an `OutgoingEvent`, aliased to its member names. */
export const EVENT_COLUMNS = `event_id AS id, source, type, topic, msg_key AS key, key_seq::int AS "keySeq", occurred_at AS time,
  run_id AS "runId", attempt, causation_id AS "causationId", traceparent, value, headers`

/** Key that stores the highest number of a topic's pruned streams; no policy, run, bot or partner has this name. */
const PRUNED_KEY = '~forgotten'

export class PostgresOutboxStore implements OutboxStore {
  async nextKeySeq(tx: Transaction, topic: string, key: string): Promise<number> {
    const { schema } = postgresOf(tx)
    // guard: forgotten-numbers
    const rows = await postgresOf(tx).query<{ n: string }>(
      `INSERT INTO ${schema}.stream_head (topic, msg_key, key_seq)
         VALUES ($1, $2, 1 + coalesce((SELECT key_seq FROM ${schema}.stream_head WHERE topic = $1 AND msg_key = $3), 0))
       ON CONFLICT (topic, msg_key) DO UPDATE SET key_seq = stream_head.key_seq + 1, moved_at = EXCLUDED.moved_at RETURNING key_seq AS n`,
      [topic, key, PRUNED_KEY],
    )
    return Number(rows[0]!.n)
  }

  async append(tx: Transaction, event: OutgoingEvent): Promise<void> {
    const { schema } = postgresOf(tx)
    await postgresOf(tx).write(
      `INSERT INTO ${schema}.outbox
         (event_id, source, type, topic, msg_key, key_seq, occurred_at, run_id, attempt, causation_id, traceparent, value, headers)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
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
        event.headers === undefined ? null : JSON.stringify(event.headers),
      ],
    )
  }

  async unsent(tx: Transaction, limit: number): Promise<OutboxRow[]> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<OutboxRow & { time: Date }>(
      // guard: seq-order
      `SELECT seq::bigint::float8 AS seq, ${EVENT_COLUMNS} FROM ${schema}.outbox WHERE sent_at IS NULL ORDER BY outbox.seq LIMIT $1`,
      [limit],
    )
    return rows.map(eventOf)
  }

  async markSent(tx: Transaction, positions: ReadonlyMap<string, LogPosition | undefined>): Promise<ReadonlyMap<string, number>> {
    if (positions.size === 0) return new Map()
    const { schema } = postgresOf(tx)
    const values = [...positions.values()]
    // Without a position, the offset is drawn in seq order: the embedded log keeps the order in which the leader sent.
    const rows = await postgresOf(tx).query<{ id: string; offset: string }>(
      `WITH placed AS (SELECT * FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::bigint[]) AS p (event_id, log_partition,
         log_offset, at_ms)),
         batch AS (
           SELECT seq, topic, log_partition, coalesce(log_offset, nextval('${schema}.outbox_log_offset')) AS log_offset, at_ms
           FROM (SELECT outbox.seq, outbox.topic, placed.log_partition, placed.log_offset, placed.at_ms
                 FROM ${schema}.outbox JOIN placed USING (event_id) WHERE sent_at IS NULL ORDER BY outbox.seq) AS ordered),
         ends AS (
           INSERT INTO ${schema}.log_end AS known (topic, log_partition, last_offset, last_at_ms)
           SELECT DISTINCT ON (topic, log_partition) topic, log_partition, log_offset, at_ms FROM batch
           WHERE log_partition IS NOT NULL ORDER BY topic, log_partition, log_offset DESC
           ON CONFLICT (topic, log_partition) DO UPDATE SET last_offset = EXCLUDED.last_offset, last_at_ms = EXCLUDED.last_at_ms
             WHERE known.last_offset < EXCLUDED.last_offset)
       UPDATE ${schema}.outbox SET sent_at = clock_timestamp(), log_partition = batch.log_partition, log_offset = batch.log_offset
       FROM batch WHERE outbox.seq = batch.seq
       RETURNING event_id AS id, outbox.log_offset AS "offset"`,
      [
        [...positions.keys()],
        values.map((position) => position?.partition ?? null),
        values.map((position) => position?.offset ?? null),
        values.map((position) => position?.atMs ?? null),
      ],
    )
    return new Map(rows.map((row) => [row.id, Number(row.offset)]))
  }

  async sendUnsent(tx: Transaction, limit: number): Promise<SentRow[]> {
    const { schema } = postgresOf(tx)
    // Offsets are drawn in seq order. `sent_at` is checked again per row: another leader may have sent the row while this statement waited
    // for its lock.
    // guard: sent-once
    const rows = await postgresOf(tx).query<SentRow & { time: Date }>(
      `WITH batch AS (
         SELECT seq AS nth, nextval('${schema}.outbox_log_offset') AS place
         FROM (SELECT seq FROM ${schema}.outbox WHERE sent_at IS NULL ORDER BY seq LIMIT $1) AS ordered)
       UPDATE ${schema}.outbox SET sent_at = clock_timestamp(), log_partition = NULL, log_offset = place
       FROM batch WHERE outbox.seq = nth AND sent_at IS NULL
       RETURNING seq::bigint::float8 AS seq, log_offset::bigint::float8 AS "offset", ${EVENT_COLUMNS}`,
      [limit],
    )
    return rows.map(eventOf).sort((a, b) => a.seq - b.seq)
  }

  async logEnds(tx: Transaction): Promise<LogEnd[]> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ topic: string; partition: number; offset: string; at: string | null }>(
      `SELECT topic, log_partition AS partition, last_offset AS "offset", last_at_ms AS at FROM ${schema}.log_end`,
    )
    return rows.map(({ topic, partition, offset, at }) => ({
      topic,
      partition,
      offset: Number(offset),
      ...(at === null ? {} : { atMs: Number(at) }),
    }))
  }

  async unsendPartition(tx: Transaction, topic: string, partition: number): Promise<number> {
    const { schema } = postgresOf(tx)
    await postgresOf(tx).write(`DELETE FROM ${schema}.log_end WHERE topic = $1 AND log_partition = $2`, [topic, partition])
    return this.unsend(tx, 'topic = $1 AND log_partition = $2', [topic, partition])
  }

  async unsendSince(tx: Transaction, since: Date, afterSeq: number, limit: number): Promise<{ rows: number; lastSeq: number | null }> {
    const { schema } = postgresOf(tx)
    const found = await postgresOf(tx).query<{ rows: string; last: string | null }>(
      `WITH part AS (
         SELECT seq FROM ${schema}.outbox WHERE seq > $2 AND log_partition IS NOT NULL AND occurred_at >= $1 ORDER BY seq LIMIT $3),
         unsent AS (
           UPDATE ${schema}.outbox SET sent_at = NULL, log_partition = NULL, log_offset = NULL FROM part WHERE outbox.seq =
              part.seq RETURNING 1)
       SELECT count(*) AS rows, max(seq) AS last FROM part`,
      [since, afterSeq, limit],
    )
    const rows = Number(found[0]!.rows)
    return { rows, lastSeq: rows < limit ? null : Number(found[0]!.last) }
  }

  async pruneStreams(tx: Transaction, before: Date, limit: number): Promise<number> {
    const { schema } = postgresOf(tx)
    const old = await postgresOf(tx).query(`SELECT 1 FROM ${schema}.stream_head WHERE moved_at < $1 AND msg_key <> $2 LIMIT 1`, [
      before,
      PRUNED_KEY,
    ])
    if (old.length === 0) return 0
    // Blocks writers until the transaction ends: a stream created concurrently would be numbered from the state before the pruning.
    await postgresOf(tx).query(`LOCK TABLE ${schema}.stream_head IN SHARE ROW EXCLUSIVE MODE`)
    const rows = await postgresOf(tx).query<{ gone: string }>(
      `WITH gone AS (
         DELETE FROM ${schema}.stream_head WHERE moved_at < $1 AND (topic, msg_key) IN (
           SELECT topic, msg_key FROM ${schema}.stream_head WHERE moved_at < $1 AND msg_key <> $3 LIMIT $2)
         RETURNING topic, key_seq),
       kept AS (
         INSERT INTO ${schema}.stream_head AS head (topic, msg_key, key_seq) SELECT topic, $3, max(key_seq) FROM gone GROUP BY topic
         ON CONFLICT (topic, msg_key) DO UPDATE SET key_seq = greatest(head.key_seq, EXCLUDED.key_seq), moved_at = EXCLUDED.moved_at)
       SELECT count(*) AS gone FROM gone`,
      [before, limit, PRUNED_KEY],
    )
    return Number(rows[0]!.gone)
  }

  async prune(tx: Transaction, before: Date, compacted: readonly string[], limit: number): Promise<number> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query(
      `DELETE FROM ${schema}.outbox WHERE seq IN (
         SELECT seq FROM ${schema}.outbox AS old
         WHERE sent_at < $1 AND NOT (topic = ANY($2) AND value IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM ${schema}.outbox AS newer
           WHERE newer.topic = old.topic AND newer.msg_key = old.msg_key AND newer.key_seq > old.key_seq))
         ORDER BY seq LIMIT $3)
       RETURNING seq`,
      [before, compacted, limit],
    )
    return rows.length
  }

  async pending(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ count: string; at: Date | null }>(
      `SELECT count(*) AS count, min(occurred_at) AS at FROM ${schema}.outbox WHERE sent_at IS NULL`,
    )
    return { count: Number(rows[0]!.count), oldestAt: rows[0]!.at }
  }

  private async unsend(tx: Transaction, condition: string, values: unknown[]): Promise<number> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query(
      `UPDATE ${schema}.outbox SET sent_at = NULL, log_partition = NULL, log_offset = NULL WHERE sent_at IS NOT NULL AND
         ${condition} RETURNING seq`,
      values,
    )
    return rows.length
  }
}

/** Omits members that the driver returns as null, and formats times as RFC 3339. */
export function eventOf<R extends OutgoingEvent>(row: R & { time: Date | string }): R {
  const event = { ...row, time: new Date(row.time).toISOString() }
  for (const name of ['runId', 'attempt', 'causationId', 'traceparent', 'headers'] as const) {
    if ((event[name] as unknown) === null) delete event[name]
  }
  return event
}
