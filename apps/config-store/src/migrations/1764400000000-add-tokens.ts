import { addTokens, dropTokens } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddConfigStoreTokens1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addTokens(runner, 'config_store')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTokens(runner, 'config_store')
  }
}
