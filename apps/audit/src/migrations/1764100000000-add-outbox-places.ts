import { addOutboxPlaces, dropOutboxPlaces } from '#libs/messaging'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddAuditOutboxPlaces1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addOutboxPlaces(runner, 'audit')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxPlaces(runner, 'audit')
  }
}
