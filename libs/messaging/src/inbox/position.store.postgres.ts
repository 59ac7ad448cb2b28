import type { VerifiedEvent } from '#libs/contracts'
import { postgresOf, type Transaction } from '#libs/persistence'
import type { Advance, PositionStore, StreamKey } from './position.store.js'

const OVERDUE_LIMIT = 100

export class PostgresPositionStore implements PositionStore {
  async advance(tx: Transaction, stream: StreamKey, keySeq: number, gap?: 'skip'): Promise<Advance> {
    const { schema } = postgresOf(tx)
    const advanced = await postgresOf(tx).query<{ parked: boolean }>(advanceSql(schema), [...valuesOf(stream), keySeq, gap === 'skip'])
    if (advanced[0] !== undefined) return { order: 'next', last: keySeq, parked: advanced[0].parked }
    const rows = await postgresOf(tx).query<{ first: string; last: string }>(
      `SELECT first_key_seq AS first, last_key_seq AS last FROM ${schema}.stream_position
       WHERE consumer = $1 AND producer = $2 AND topic = $3 AND msg_key = $4`,
      valuesOf(stream),
    )
    const [first, last] = [Number(rows[0]!.first), Number(rows[0]!.last)]
    if (last < keySeq) return { order: 'gap', last, parked: true }
    return { order: keySeq < first ? 'before' : 'duplicate', last, parked: true }
  }

  async requireNext(tx: Transaction, stream: StreamKey, keySeq: number, gap?: 'skip'): Promise<void> {
    const values = [...valuesOf(stream), keySeq, gap === 'skip']
    // Dividing by zero fails the transaction.
    // guard: blind-next
    const sql = `WITH advanced AS (${advanceSql(postgresOf(tx).schema)}) SELECT 1 / count(*) FROM advanced WHERE NOT parked`
    await postgresOf(tx).write(sql, values)
  }

  async park(tx: Transaction, stream: StreamKey, event: VerifiedEvent): Promise<void> {
    const { schema } = postgresOf(tx)
    await postgresOf(tx).write(
      `INSERT INTO ${schema}.parked_event (consumer, producer, topic, msg_key, key_seq, event) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING`,
      [...valuesOf(stream), event.keySeq, JSON.stringify(event)],
    )
  }

  async unpark(tx: Transaction, stream: StreamKey, keySeq: number): Promise<VerifiedEvent | undefined> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ event: VerifiedEvent }>(
      `WITH mine AS (SELECT key_seq, event FROM ${schema}.parked_event WHERE consumer = $1 AND producer = $2 AND topic = $3 AND
         msg_key = $4),
         gone AS (DELETE FROM ${schema}.parked_event
                  WHERE consumer = $1 AND producer = $2 AND topic = $3 AND msg_key = $4 AND key_seq <= $5)
       SELECT event FROM mine WHERE key_seq = $5::bigint + 1`,
      [...valuesOf(stream), keySeq],
    )
    return rows[0]?.event
  }

  async parked(tx: Transaction): Promise<{ count: number; oldestAt: Date | null }> {
    const rows = await postgresOf(tx).query<{ count: string; at: Date | null }>(
      `SELECT count(*) AS count, min((event->>'time')::timestamptz) AS at FROM ${postgresOf(tx).schema}.parked_event`,
    )
    return { count: Number(rows[0]!.count), oldestAt: rows[0]!.at }
  }

  async overdue(tx: Transaction, waitedMs: number): Promise<VerifiedEvent[]> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ event: VerifiedEvent }>(
      `SELECT DISTINCT ON (consumer, producer, topic, msg_key) event FROM ${schema}.parked_event
       WHERE (consumer, producer, topic, msg_key) IN (SELECT consumer, producer, topic, msg_key FROM ${schema}.parked_event
         WHERE parked_at <= clock_timestamp() - $1 * interval '1 millisecond')
       ORDER BY consumer, producer, topic, msg_key, key_seq LIMIT ${OVERDUE_LIMIT}`,
      [waitedMs],
    )
    return rows.map(({ event }) => event)
  }

  async prune(tx: Transaction, before: Date, limit: number): Promise<number> {
    const { schema } = postgresOf(tx)
    // The age is checked twice: a stream that advances in the meantime stays.
    const gone = await postgresOf(tx).query(
      `DELETE FROM ${schema}.stream_position AS stream WHERE moved_at < $1 AND ctid IN (
         SELECT old.ctid FROM ${schema}.stream_position AS old WHERE old.moved_at < $1 AND NOT EXISTS (
           SELECT 1 FROM ${schema}.parked_event AS waiting WHERE waiting.consumer = old.consumer AND waiting.producer = old.producer
             AND waiting.topic = old.topic AND waiting.msg_key = old.msg_key) LIMIT $2)
       RETURNING 1`,
      [before, limit],
    )
    return gone.length
  }
}

function valuesOf({ consumer, producer, topic, key }: StreamKey): string[] {
  return [consumer, producer, topic, key]
}

/** Advances a position; returns no row unless the event is the next one. Values: the stream, the number, whether to skip a gap. */
function advanceSql(schema: string): string {
  // guard: position-check
  return `INSERT INTO ${schema}.stream_position (consumer, producer, topic, msg_key, first_key_seq, last_key_seq)
         VALUES ($1, $2, $3, $4, $5, $5)
       ON CONFLICT (consumer, producer, topic, msg_key) DO UPDATE SET last_key_seq = EXCLUDED.last_key_seq, moved_at = EXCLUDED.moved_at
         WHERE stream_position.last_key_seq = EXCLUDED.last_key_seq - 1 OR ($6 AND stream_position.last_key_seq < EXCLUDED.last_key_seq)
       RETURNING EXISTS (SELECT 1 FROM ${schema}.parked_event AS waiting
         WHERE waiting.consumer = $1 AND waiting.producer = $2 AND waiting.topic = $3 AND waiting.msg_key = $4) AS parked`
}
