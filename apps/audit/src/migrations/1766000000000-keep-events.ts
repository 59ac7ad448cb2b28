import { dropTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Adds a table of whole events: people's acts with reasons, rosters, and config-store's applied stable heads (ADR 0088). */
export class KeepEvents1766000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE audit.kept_event (event_id uuid CONSTRAINT kept_event_pkey PRIMARY KEY, signed jsonb NOT NULL)')
    // Append-only like the other tables of the log, in a replication session too.
    await runner.query(`
      CREATE TRIGGER kept_event_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.kept_event
      FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()`)
    await runner.query('ALTER TABLE audit.kept_event ENABLE ALWAYS TRIGGER kept_event_only_grows')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['kept_event'])
  }
}
