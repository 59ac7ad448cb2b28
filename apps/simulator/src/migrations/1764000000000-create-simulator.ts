import { createMessagingTables } from '#libs/messaging'
import { createDocumentTable, createPersistenceTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateSimulator1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPersistenceTables(runner, 'simulator')
    await createMessagingTables(runner, 'simulator')
    await createDocumentTable(runner, 'simulator', 'bot', {})
    await createDocumentTable(runner, 'simulator', 'scenario', {})
    await createDocumentTable(runner, 'simulator', 'corpus', {})
    await createDocumentTable(runner, 'simulator', 'corpus_content', {})
    await createDocumentTable(runner, 'simulator', 'simulation', { state: 'text' }, [['state']])
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA simulator CASCADE')
  }
}
