import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = {
  repeatable_request: { keys: { caller: 'text', expires_at: 'timestamptz' }, indexes: [['caller', 'expires_at'], ['expires_at']] },
}

export class CreateRepeatableRequests1763000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
