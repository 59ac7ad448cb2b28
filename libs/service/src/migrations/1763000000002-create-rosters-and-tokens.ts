import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateRostersAndTokens1763000000002 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    roster: { keys: { version: 'bigint' }, indexes: [['version']] },
    token: { keys: { expires_at: 'timestamptz' }, indexes: [['expires_at']] },
    request_nonce: { keys: { expires_at: 'timestamptz' }, indexes: [['expires_at']] },
  }
}
