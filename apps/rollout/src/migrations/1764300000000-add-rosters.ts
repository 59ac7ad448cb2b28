import { addRosters, dropRosters } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddRolloutRosters1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addRosters(runner, 'rollout')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropRosters(runner, 'rollout')
  }
}
