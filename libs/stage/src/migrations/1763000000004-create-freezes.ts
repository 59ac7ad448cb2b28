import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateFreezes1763000000004 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { freeze: {} }
}
