import { addRosters, dropRosters } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddNotifierRosters1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addRosters(runner, 'notifier')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropRosters(runner, 'notifier')
  }
}
