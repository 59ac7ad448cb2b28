import { addOutboxPlaces, dropOutboxPlaces } from '#libs/messaging'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddNotifierOutboxPlaces1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addOutboxPlaces(runner, 'notifier')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxPlaces(runner, 'notifier')
  }
}
