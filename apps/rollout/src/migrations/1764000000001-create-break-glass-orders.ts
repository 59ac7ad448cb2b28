import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateBreakGlassOrders1764000000001 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { break_glass_order: { keys: { run: 'bigint' }, indexes: [['run']] } }
}
