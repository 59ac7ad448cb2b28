import { createMessagingTables } from '#libs/messaging'
import { createDocumentTable, createPersistenceTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateApprover1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createPersistenceTables(runner, 'approver')
    await createMessagingTables(runner, 'approver')
    await createDocumentTable(runner, 'approver', 'policy', {})
    await createDocumentTable(runner, 'approver', 'policy_version', { policy: 'text', precedence: 'text', replaced_seq: 'bigint' }, [
      ['policy', 'precedence'],
      ['policy', 'replaced_seq'],
    ])
    await createDocumentTable(
      runner,
      'approver',
      'approval',
      { members: 'text', state: 'text', request: 'text', prepared_at: 'timestamptz' },
      [['members', 'state'], ['prepared_at']],
    )
    await createDocumentTable(runner, 'approver', 'preparation', { policy: 'text', by: 'text', prepared_at: 'timestamptz' }, [
      ['policy', 'by'],
      ['prepared_at'],
    ])
    await createDocumentTable(runner, 'approver', 'run', { number: 'bigint', state: 'text', open: 'text' }, [['number'], ['open']])
    await createDocumentTable(runner, 'approver', 'run_counter', {})
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA approver CASCADE')
  }
}
