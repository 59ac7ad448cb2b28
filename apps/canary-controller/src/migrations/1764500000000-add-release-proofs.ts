import { createDocumentTable } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddCanaryControllerReleaseProofs1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTable(runner, 'canary_controller', 'release_proof', { policy: 'text', stored_at: 'timestamptz' }, [
      ['policy', 'stored_at'],
    ])
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE canary_controller.release_proof')
  }
}
