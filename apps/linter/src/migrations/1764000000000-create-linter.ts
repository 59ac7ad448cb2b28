import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateLinter1764000000000 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { rule_schema: {}, partner: {} }
}
