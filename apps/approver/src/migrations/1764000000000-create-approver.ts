import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateApprover1764000000000 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
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
}
