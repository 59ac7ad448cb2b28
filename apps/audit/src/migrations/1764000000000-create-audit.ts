import { createMessagingTables } from '#libs/messaging'
import { createPersistenceTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateAudit1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPersistenceTables(runner, 'audit')
    await createMessagingTables(runner, 'audit')
    await runner.query(`
      CREATE TABLE audit.entry (
        index bigint CONSTRAINT entry_pkey PRIMARY KEY,
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
    await runner.query('CREATE UNIQUE INDEX entry_event_id_idx ON audit.entry (event_id)')
    await runner.query('CREATE INDEX entry_run_index_idx ON audit.entry (run, index)')
    await runner.query(`
      CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% on audit.entry is refused: the audit log is only ever added to', TG_OP
          USING ERRCODE = '42501', HINT = 'A wrong entry is corrected by a later one.';
      END $$`)
    // Statement level: it speaks also when no row matches. ALWAYS: it holds in a replication session too.
    await runner.query(`
      CREATE TRIGGER entry_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entry
      FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()`)
    await runner.query('ALTER TABLE audit.entry ENABLE ALWAYS TRIGGER entry_only_grows')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA audit CASCADE')
  }
}
