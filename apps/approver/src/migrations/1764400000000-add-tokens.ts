import { addTokens, dropTokens } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddApproverTokens1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addTokens(runner, 'approver')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTokens(runner, 'approver')
  }
}
