import { addRosters, dropRosters } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddConfigStoreRosters1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addRosters(runner, 'config_store')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropRosters(runner, 'config_store')
  }
}
