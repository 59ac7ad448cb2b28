import { createDocumentTables, dropTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateAbortedRuns1763000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, { aborted_run: {} })
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['aborted_run'])
  }
}
