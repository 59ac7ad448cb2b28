import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Adds audit's signature of arrival rows, and a mark of refused rows. Rows of earlier builds have no signature. */
export class AddArrivalSeals1766000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit.arrival ADD COLUMN seal jsonb, ADD COLUMN refused boolean NOT NULL DEFAULT false')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit.arrival DROP COLUMN seal, DROP COLUMN refused')
  }
}
