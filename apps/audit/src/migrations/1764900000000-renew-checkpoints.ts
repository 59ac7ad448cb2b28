import type { MigrationInterface, QueryRunner } from 'typeorm'

/** A tree that did not grow gets a second checkpoint when the log or its witnesses change. */
export class RenewAuditCheckpoints1764900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit.checkpoint DROP CONSTRAINT checkpoint_pkey')
    await runner.query('ALTER TABLE audit.checkpoint ADD COLUMN nth bigserial CONSTRAINT checkpoint_pkey PRIMARY KEY')
    await runner.query('CREATE INDEX checkpoint_size_nth_idx ON audit.checkpoint (size, nth)')
  }

  /** Refused while a size has two, as it should be: rows of the log are never taken away. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX audit.checkpoint_size_nth_idx')
    await runner.query('ALTER TABLE audit.checkpoint DROP COLUMN nth')
    await runner.query('ALTER TABLE audit.checkpoint ADD CONSTRAINT checkpoint_pkey PRIMARY KEY (size)')
  }
}
