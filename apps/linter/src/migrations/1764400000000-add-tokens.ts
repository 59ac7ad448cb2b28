import { addTokens, dropTokens } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddLinterTokens1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addTokens(runner, 'linter')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTokens(runner, 'linter')
  }
}
