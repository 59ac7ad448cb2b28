import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateNotifier1764000000000 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    partner: {},
    message: {},
    breaker: {},
    notification: { keys: { state: 'text' } },
    delivery: {
      keys: {
        partner: 'text',
        run: 'bigint',
        policy: 'text',
        version: 'text',
        stage: 'text',
        first_try: 'text',
        lane: 'text',
        lane_seq: 'bigint',
        state: 'text',
        created_at: 'timestamptz',
      },
      indexes: [['lane', 'state'], ['stage', 'first_try'], ['policy', 'version'], ['partner', 'created_at'], ['run'], ['created_at']],
    },
  }
}
