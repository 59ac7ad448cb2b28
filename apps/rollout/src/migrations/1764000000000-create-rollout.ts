import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = {
  stable: { keys: { guard: 'text' }, indexes: [['guard']] },
  stable_head: {},
  live_version: {},
  rollback: {},
  signed_rollback: { keys: { run: 'bigint' }, indexes: [['run']] },
  withdrawal: { keys: { release: 'text', state: 'text' }, indexes: [['release', 'state']] },
  rollout: { keys: { state: 'text' }, indexes: [['state']] },
}

export class CreateRollout1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
