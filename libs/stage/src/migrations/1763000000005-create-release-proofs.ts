import { createDocumentTables, dropTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateReleaseProofs1763000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, {
      release_proof: { keys: { policy: 'text', stored_at: 'timestamptz' }, indexes: [['policy', 'stored_at']] },
    })
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['release_proof'])
  }
}
