import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Adds indexes by which the people and the releases of an entry are found. Both tables have few rows per run. */
export class IndexActors1767000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX entry_actor_index_idx ON audit.entry_actor (index)')
    await runner.query('CREATE INDEX logged_release_index_idx ON audit.logged_release (index)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX audit.entry_actor_index_idx, audit.logged_release_index_idx')
  }
}
