import { addRosters, dropRosters } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddAuditRosters1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addRosters(runner, 'audit')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropRosters(runner, 'audit')
  }
}
