import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Which live releases are guard rules. None was one before. */
export class AddApproverGuard1764700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE approver.policy ADD COLUMN guard text')
    await runner.query('CREATE INDEX policy_guard_idx ON approver.policy (guard)')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE approver.policy DROP COLUMN guard')
  }
}
