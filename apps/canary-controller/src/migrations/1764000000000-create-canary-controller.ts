import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateCanaryController1764000000000 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { canary: { keys: { state: 'text' }, indexes: [['state']] }, canary_head: {}, unsigned_alert: {} }
}
