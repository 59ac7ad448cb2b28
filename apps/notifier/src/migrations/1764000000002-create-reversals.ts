import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateReversals1764000000002 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { reversal: {} }
}
