import type { QueryRunner } from 'typeorm'

/** Tables of this library that each service's first migration creates in its own schema: locks and timers. */
export async function createPersistenceTables(runner: QueryRunner, schema: string): Promise<void> {
  await runner.query(`CREATE TABLE ${schema}.aggregate_lock (key text CONSTRAINT aggregate_lock_pkey PRIMARY KEY)`)
  await runner.query(`CREATE SEQUENCE ${schema}.timer_epoch`)
  await runner.query(`
    CREATE TABLE ${schema}.timer (
      id text CONSTRAINT timer_pkey PRIMARY KEY,
      kind text NOT NULL,
      keys text[] NOT NULL,
      data jsonb NOT NULL,
      due_at timestamptz NOT NULL,
      traceparent text,
      lease_until timestamptz,
      lease_epoch bigint NOT NULL,
      tries integer NOT NULL DEFAULT 0,
      waits integer NOT NULL DEFAULT 0
    )`)
  await runner.query(`CREATE INDEX timer_due_at_idx ON ${schema}.timer (due_at)`)
}
