import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

/** Creates the table of bots that left while behind. The previous build does not read it. */
export class CreateLeftBots1764000000001 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { left_bot: { keys: { left_at: 'timestamptz' }, indexes: [['left_at'], ['put_at']] } }
}
