import { dropTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Stores whole events beside their entries: acts of people with their reasons, and documents that config-store stored for all (ADR 0088).
 */
export class KeepEvents1766000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE audit.kept_event (event_id uuid CONSTRAINT kept_event_pkey PRIMARY KEY, signed jsonb NOT NULL)')
    // Like the other tables of the log it is append-only, in a replication session too.
    await runner.query(`
      CREATE TRIGGER kept_event_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.kept_event
      FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()`)
    await runner.query('ALTER TABLE audit.kept_event ENABLE ALWAYS TRIGGER kept_event_only_grows')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['kept_event'])
  }
}
