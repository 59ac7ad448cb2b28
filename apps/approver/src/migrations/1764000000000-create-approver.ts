import { createDocumentTables, dropTables, type CreatedTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES: CreatedTables = {
  policy: { keys: { guard: 'text' }, indexes: [['guard']] },
  policy_version: {
    keys: { policy: 'text', precedence: 'text', replaced_seq: 'bigint' },
    indexes: [
      ['policy', 'precedence'],
      ['policy', 'replaced_seq'],
    ],
  },
  approval: {
    keys: { members: 'text', state: 'text', request: 'text', prepared_at: 'timestamptz' },
    indexes: [['members', 'state'], ['prepared_at']],
  },
  preparation: { keys: { policy: 'text', by: 'text', prepared_at: 'timestamptz' }, indexes: [['policy', 'by'], ['prepared_at']] },
  run: { keys: { number: 'bigint', state: 'text', open: 'text' }, indexes: [['number'], ['open']] },
  run_counter: {},
  ticket: { keys: { number: 'bigint', run: 'bigint', state: 'text' }, indexes: [['number'], ['run', 'state']] },
  ticket_counter: {},
  roster_proposal: {},
}

export class CreateApprover1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createDocumentTables(runner, TABLES)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, Object.keys(TABLES))
  }
}
