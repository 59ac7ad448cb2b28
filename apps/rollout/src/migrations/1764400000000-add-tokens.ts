import { addTokens, dropTokens } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddRolloutTokens1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addTokens(runner, 'rollout')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTokens(runner, 'rollout')
  }
}
