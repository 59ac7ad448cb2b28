import type { MigrationInterface, QueryRunner } from 'typeorm'
import { dropTables, schemaOfRunner } from './document-tables.js'

export class CreateLocksAndTimers1763000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const schema = schemaOfRunner(runner)
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

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['timer', 'aggregate_lock'])
    await runner.query(`DROP SEQUENCE ${schemaOfRunner(runner)}.timer_epoch`)
  }
}
