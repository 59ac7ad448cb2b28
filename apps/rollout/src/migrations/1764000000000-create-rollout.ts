import { DocumentTablesMigration, type CreatedTables } from '#libs/persistence'

export class CreateRollout1764000000000 extends DocumentTablesMigration {
  readonly tables: CreatedTables = {
    stable: { keys: { guard: 'text' }, indexes: [['guard']] },
    stable_head: {},
    live_version: {},
    rollback: {},
    signed_rollback: { keys: { run: 'bigint' }, indexes: [['run']] },
    withdrawal: { keys: { release: 'text', state: 'text' }, indexes: [['release', 'state']] },
    rollout: { keys: { state: 'text' }, indexes: [['state']] },
  }
}
