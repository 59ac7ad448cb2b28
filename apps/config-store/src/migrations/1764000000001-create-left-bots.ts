import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

/** Bots that left while behind. The build before does not read it. */
export class CreateLeftBots1764000000001 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { left_bot: { keys: { left_at: 'timestamptz' }, indexes: [['left_at'], ['put_at']] } }
}
