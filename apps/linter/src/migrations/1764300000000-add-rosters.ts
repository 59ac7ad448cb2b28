import { addRosters, dropRosters } from '#libs/service'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class AddLinterRosters1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addRosters(runner, 'linter')
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropRosters(runner, 'linter')
  }
}
