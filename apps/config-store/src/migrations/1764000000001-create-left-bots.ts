import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = { left_bot: { keys: { left_at: 'timestamptz' }, indexes: [['left_at'], ['put_at']] } }

/** Bots that left while behind. The build before does not read it. */
export class CreateLeftBots1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
