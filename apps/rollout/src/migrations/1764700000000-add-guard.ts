import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Which live releases are guard rules. None was one before. */
export class AddRolloutGuard1764700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE rollout.stable ADD COLUMN guard text')
    await runner.query('CREATE INDEX stable_guard_idx ON rollout.stable (guard)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE rollout.stable DROP COLUMN guard')
  }
}
