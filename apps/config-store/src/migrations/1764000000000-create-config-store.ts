import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateConfigStore1764000000000 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    environment: {},
    document: { keys: { policy: 'text', revision: 'bigint' }, indexes: [['policy'], ['revision']] },
    revision: { keys: { revision: 'bigint' }, indexes: [['revision']] },
    live_head: {
      keys: { policy: 'text', seq: 'bigint', stored_at: 'timestamptz' },
      indexes: [
        ['policy', 'seq'],
        ['policy', 'stored_at'],
      ],
    },
    live_release: { keys: { policy: 'text', version: 'text' }, indexes: [['policy', 'version']] },
    node: {},
    presence: { keys: { node: 'text' }, indexes: [['node']] },
    alert_inbox: { indexes: [['put_at']] },
    freshness_marker: {},
  }
}
