import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateSimulator1764000000000 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    bot: {},
    scenario: {},
    corpus: {},
    corpus_content: {},
    simulation: { keys: { state: 'text' }, indexes: [['state']] },
  }
}
