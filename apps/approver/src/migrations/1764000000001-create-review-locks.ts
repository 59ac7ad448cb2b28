import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = {
  review_lock: { keys: { ticket: 'bigint', actor: 'text' }, indexes: [['actor'], ['ticket']] },
}

export class CreateReviewLocks1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
