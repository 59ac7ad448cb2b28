import { addOutboxPlaces, dropOutboxPlaces } from '#libs/messaging'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddApproverOutboxPlaces1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addOutboxPlaces(runner, 'approver')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxPlaces(runner, 'approver')
  }
}
