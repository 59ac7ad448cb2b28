import { dropTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/**
 * Adds indexes to search the log by person, type and time. `actor` is a person's name in lower case. Entries are stored nearly in the order
 * of their times, so a BRIN index finds a time, and costs next to nothing per entry.
 */
export class AddActors1765000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE TABLE audit.entry_actor (actor text NOT NULL, index bigint NOT NULL, CONSTRAINT entry_actor_pkey PRIMARY KEY (actor, index))',
    )
    // Append-only like the other tables of the log, in a replication session too.
    await runner.query(`
      CREATE TRIGGER entry_actor_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entry_actor
      FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()`)
    await runner.query('ALTER TABLE audit.entry_actor ENABLE ALWAYS TRIGGER entry_actor_only_grows')
    await runner.query('ALTER TABLE audit.arrival ADD COLUMN actors text[]')
    await runner.query('CREATE INDEX entry_type_index_idx ON audit.entry (type, index)')
    await runner.query('CREATE INDEX entry_at_idx ON audit.entry USING brin (at)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX audit.entry_at_idx')
    await runner.query('DROP INDEX audit.entry_type_index_idx')
    await runner.query('ALTER TABLE audit.arrival DROP COLUMN actors')
    await dropTables(runner, ['entry_actor'])
  }
}
