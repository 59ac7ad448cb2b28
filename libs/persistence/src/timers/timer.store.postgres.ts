import { currentTraceparent } from '#libs/platform'
import type { Transaction } from '../database.js'
import { postgresOf } from '../postgres/postgres-database.js'
import type { NewTimer, Timer, TimerStore } from './timer.store.js'

/** `lease_epoch`: bigint, which the driver returns as a string. */
type Row = Omit<Timer, 'dueAt' | 'leaseEpoch'> & { due_at: Date; lease_epoch: string }

const COLUMNS = 'timer.id, kind, keys, data, due_at, traceparent, lease_epoch, tries, waits'

export class PostgresTimerStore implements TimerStore {
  async schedule(tx: Transaction, timer: NewTimer): Promise<void> {
    const { schema } = postgresOf(tx)
    // A rescheduled timer gets a new epoch, which invalidates the lease of the old one.
    await postgresOf(tx).write(
      `INSERT INTO ${schema}.timer (id, kind, keys, data, due_at, traceparent, lease_epoch) VALUES ($1, $2, $3, $4, $5, $6,
         nextval('${schema}.timer_epoch'))
       ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, keys = EXCLUDED.keys, data = EXCLUDED.data, due_at =
          EXCLUDED.due_at, traceparent = EXCLUDED.traceparent,
         lease_until = NULL, lease_epoch = EXCLUDED.lease_epoch, tries = 0, waits = 0`,
      [timer.id, timer.kind, timer.keys, JSON.stringify(timer.data ?? {}), timer.dueAt, currentTraceparent() ?? null],
    )
  }

  async cancel(tx: Transaction, ...ids: string[]): Promise<void> {
    await postgresOf(tx).write(`DELETE FROM ${postgresOf(tx).schema}.timer WHERE id = ANY($1)`, [ids])
  }

  async claimDue(tx: Transaction, limit: number, leaseMs: number): Promise<Timer[]> {
    const { schema } = postgresOf(tx)
    // The selection is materialised, so that it runs once: a plan that rescans it claims more rows than the limit.
    const rows = await postgresOf(tx).query<Row>(
      `WITH due AS MATERIALIZED (
         SELECT id FROM ${schema}.timer
         WHERE due_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until <= clock_timestamp())
         ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       UPDATE ${schema}.timer SET lease_epoch = nextval('${schema}.timer_epoch'), lease_until = clock_timestamp() + $2 *
          interval '1 millisecond'
       FROM due WHERE timer.id = due.id
       RETURNING ${COLUMNS}`,
      [limit, leaseMs],
    )
    return rows.map(toTimer).sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime())
  }

  async take(tx: Transaction, timer: Timer): Promise<boolean> {
    return leased(tx, timer, (table) => `DELETE FROM ${table}`)
  }

  async renew(tx: Transaction, timer: Timer, leaseMs: number): Promise<boolean> {
    return leased(tx, timer, (table) => `UPDATE ${table} SET ${LEASED}`, leaseMs)
  }

  async failed(tx: Transaction, timer: Timer, counter: 'tries' | 'waits', delayMs: number): Promise<boolean> {
    return leased(tx, timer, (table) => `UPDATE ${table} SET ${counter} = ${counter} + 1, ${LEASED}`, delayMs)
  }

  async nextDueInMs(tx: Transaction): Promise<number | null> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ ms: number | null }>(
      `SELECT extract(epoch FROM min(greatest(due_at, coalesce(lease_until, due_at))) - clock_timestamp())::float8 * 1000 AS ms
         FROM ${schema}.timer`,
    )
    return rows[0]?.ms ?? null
  }

  async pending(tx: Transaction, idPrefix: string): Promise<Timer[]> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<Row>(`SELECT ${COLUMNS} FROM ${schema}.timer WHERE starts_with(id, $1)`, [idPrefix])
    return rows.map(toTimer)
  }
}

/** Sets the lease to end in `$3` milliseconds. */
const LEASED = "lease_until = clock_timestamp() + $3 * interval '1 millisecond'"

/** Executes a statement on a timer; returns `false` if the caller no longer holds its lease. */
async function leased(
  tx: Transaction,
  { id, leaseEpoch }: Timer,
  statement: (table: string) => string,
  ...more: number[]
): Promise<boolean> {
  const { schema } = postgresOf(tx)
  const where = 'WHERE id = $1 AND lease_epoch = $2' // guard: timer-epoch
  const rows = await postgresOf(tx).query(`${statement(`${schema}.timer`)} ${where} RETURNING id`, [id, leaseEpoch, ...more])
  return rows.length > 0
}

function toTimer({ due_at: dueAt, lease_epoch: leaseEpoch, ...row }: Row): Timer {
  return { ...row, dueAt, leaseEpoch: Number(leaseEpoch) }
}
