import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateReviewLocks1764000000001 extends DocumentTablesMigration {
  readonly tables: CreatedTables = { review_lock: { keys: { ticket: 'bigint', actor: 'text' }, indexes: [['actor'], ['ticket']] } }
}
