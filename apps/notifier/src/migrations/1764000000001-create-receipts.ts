import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateReceipts1764000000001 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    receipt: {},
    evidence: { keys: { delivery: 'text', at: 'timestamptz' }, indexes: [['delivery', 'at']] },
  }
}
