import { createMessagingTables } from '#libs/messaging'
import { createDocumentTable, createPersistenceTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateCanaryController1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPersistenceTables(runner, 'canary_controller')
    await createMessagingTables(runner, 'canary_controller')
    await createDocumentTable(runner, 'canary_controller', 'canary', { state: 'text' }, [['state']])
    await createDocumentTable(runner, 'canary_controller', 'canary_head', {})
    await createDocumentTable(runner, 'canary_controller', 'aborted_run', {})
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA canary_controller CASCADE')
  }
}
