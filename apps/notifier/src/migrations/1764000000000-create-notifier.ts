import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = {
  partner: {},
  message: {},
  breaker: {},
  notification: { keys: { state: 'text' } },
  delivery: {
    keys: {
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
    indexes: [['lane', 'state'], ['stage', 'first_try'], ['policy', 'version'], ['partner', 'created_at'], ['run'], ['created_at']],
  },
}

export class CreateNotifier1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
