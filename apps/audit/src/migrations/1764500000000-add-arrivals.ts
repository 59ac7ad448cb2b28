import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What was taken in and has no place yet: a queue, whose rows go when they get one. */
export class AddAuditArrivals1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit.arrival (
        nth bigserial CONSTRAINT arrival_pkey PRIMARY KEY,
        event_id uuid NOT NULL,
        at timestamptz NOT NULL,
        source text NOT NULL,
        type text NOT NULL,
        topic text NOT NULL,
        key text NOT NULL,
        run bigint,
        entry text NOT NULL,
        digest text NOT NULL,
        leaf_hash bytea NOT NULL
      )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit.arrival')
  }
}
