import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateNumbering1763000000006 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { numbering: {} }
}
