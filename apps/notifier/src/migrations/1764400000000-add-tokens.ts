import { addTokens, dropTokens } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddNotifierTokens1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addTokens(runner, 'notifier')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTokens(runner, 'notifier')
  }
}
