import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = { in_force: {} }

export class CreateInForce1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
