import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateInForce1764000000001 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { in_force: {} }
}
