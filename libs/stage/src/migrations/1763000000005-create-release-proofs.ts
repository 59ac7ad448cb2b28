import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateReleaseProofs1763000000005 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    release_proof: { keys: { policy: 'text', stored_at: 'timestamptz' }, indexes: [['policy', 'stored_at']] },
  }
}
