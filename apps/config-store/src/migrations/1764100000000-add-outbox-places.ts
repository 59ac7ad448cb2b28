import { addOutboxPlaces, dropOutboxPlaces } from '#libs/messaging'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddConfigStoreOutboxPlaces1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addOutboxPlaces(runner, 'config_store')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropOutboxPlaces(runner, 'config_store')
  }
}
