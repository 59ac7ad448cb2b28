import { createMessagingTables } from '#libs/messaging'
import { createDocumentTable, createPersistenceTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateConfigStore1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPersistenceTables(runner, 'config_store')
    await createMessagingTables(runner, 'config_store')
    await createDocumentTable(runner, 'config_store', 'environment', {})
    await createDocumentTable(runner, 'config_store', 'document', { policy: 'text', revision: 'bigint' }, [['policy'], ['revision']])
    await createDocumentTable(runner, 'config_store', 'revision', { revision: 'bigint' }, [['revision']])
    await createDocumentTable(runner, 'config_store', 'live_head', { policy: 'text', seq: 'bigint', stored_at: 'timestamptz' }, [
      ['policy', 'seq'],
      ['policy', 'stored_at'],
    ])
    await createDocumentTable(runner, 'config_store', 'live_release', { policy: 'text', version: 'text' }, [['policy', 'version']])
    await createDocumentTable(runner, 'config_store', 'node', {})
    await createDocumentTable(runner, 'config_store', 'presence', { node: 'text' }, [['node']])
    await createDocumentTable(runner, 'config_store', 'alert_inbox', { received_at: 'timestamptz' }, [['received_at']])
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA config_store CASCADE')
  }
}
