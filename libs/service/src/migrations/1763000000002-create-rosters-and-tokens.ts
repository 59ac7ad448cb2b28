import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = {
  roster: { keys: { version: 'bigint' }, indexes: [['version']] },
  token: { keys: { expires_at: 'timestamptz' }, indexes: [['expires_at']] },
  request_nonce: { keys: { expires_at: 'timestamptz' }, indexes: [['expires_at']] },
}

export class CreateRostersAndTokens1763000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
