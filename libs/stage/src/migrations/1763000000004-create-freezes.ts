import { createDocumentTables, dropTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateFreezes1763000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, { freeze: {} })
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['freeze'])
  }
}
