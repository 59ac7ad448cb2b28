import { createMessagingTables } from '#libs/messaging'
import { createDocumentTable, createPersistenceTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateLinter1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPersistenceTables(runner, 'linter')
    await createMessagingTables(runner, 'linter')
    await createDocumentTable(runner, 'linter', 'rule_schema', {})
    await createDocumentTable(runner, 'linter', 'partner', {})
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA linter CASCADE')
  }
}
