import { createDocumentTable } from '#libs/persistence'
import { addRosters, dropRosters } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddApproverRosters1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addRosters(runner, 'approver')
    await createDocumentTable(runner, 'approver', 'roster_proposal', {})
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE approver.roster_proposal')
    await dropRosters(runner, 'approver')
  }
}
