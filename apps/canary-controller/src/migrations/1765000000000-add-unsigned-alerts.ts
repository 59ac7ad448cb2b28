import { createDocumentTable } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddCanaryControllerUnsignedAlerts1765000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTable(runner, 'canary_controller', 'unsigned_alert', {})
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE canary_controller.unsigned_alert')
  }
}
