import { createDocumentTable } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Which of rollout's words was the last to be recorded on the topic of state. */
export class AddConfigStoreVouched1764800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTable(runner, 'config_store', 'vouched', {})
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE config_store.vouched')
  }
}
