import { addOutboxPlaces, dropOutboxPlaces } from '#libs/messaging'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddCanaryControllerOutboxPlaces1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addOutboxPlaces(runner, 'canary_controller')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxPlaces(runner, 'canary_controller')
  }
}
