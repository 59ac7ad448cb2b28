import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateFreezeDeclarations1764000000002 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    freeze_declaration: { keys: { person: 'text', expires_at: 'timestamptz' }, indexes: [['person'], ['expires_at']] },
  }
}
