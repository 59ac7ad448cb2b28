import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateRepeatableRequests1763000000004 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    repeatable_request: { keys: { caller: 'text', expires_at: 'timestamptz' }, indexes: [['caller', 'expires_at'], ['expires_at']] },
  }
}
