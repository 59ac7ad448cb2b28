import { createMessagingTables } from '#libs/messaging'
import { createDocumentTable, createPersistenceTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateRollout1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPersistenceTables(runner, 'rollout')
    await createMessagingTables(runner, 'rollout')
    await createDocumentTable(runner, 'rollout', 'stable', {})
    await createDocumentTable(runner, 'rollout', 'rollback', {})
    await createDocumentTable(runner, 'rollout', 'aborted_run', {})
    await createDocumentTable(runner, 'rollout', 'rollout', { state: 'text' }, [['state']])
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA rollout CASCADE')
  }
}
