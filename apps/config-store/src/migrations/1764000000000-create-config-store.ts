import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = {
  environment: {},
  document: { keys: { policy: 'text', revision: 'bigint' }, indexes: [['policy'], ['revision']] },
  revision: { keys: { revision: 'bigint' }, indexes: [['revision']] },
  live_head: {
    keys: { policy: 'text', seq: 'bigint', stored_at: 'timestamptz' },
    indexes: [
      ['policy', 'seq'],
      ['policy', 'stored_at'],
    ],
  },
  live_release: { keys: { policy: 'text', version: 'text' }, indexes: [['policy', 'version']] },
  node: {},
  presence: { keys: { node: 'text' }, indexes: [['node']] },
  alert_inbox: { indexes: [['put_at']] },
  freshness_marker: {},
}

export class CreateConfigStore1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
