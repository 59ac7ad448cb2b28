import { createMessagingTables } from '#libs/messaging'
import { createDocumentTable, createPersistenceTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateNotifier1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPersistenceTables(runner, 'notifier')
    await createMessagingTables(runner, 'notifier')
    await createDocumentTable(runner, 'notifier', 'partner', {})
    await createDocumentTable(runner, 'notifier', 'notification', { state: 'text' })
    await createDocumentTable(
      runner,
      'notifier',
      'delivery',
      {
        partner: 'text',
        run: 'bigint',
        policy: 'text',
        version: 'text',
        stage: 'text',
        first_try: 'text',
        lane: 'text',
        lane_seq: 'bigint',
        state: 'text',
        created_at: 'timestamptz',
      },
      [['lane', 'state'], ['stage', 'first_try'], ['policy', 'version'], ['partner', 'created_at'], ['run'], ['created_at']],
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA notifier CASCADE')
  }
}
