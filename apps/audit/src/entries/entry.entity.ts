import { EntitySchema } from 'typeorm'

/** TypeORM's view of the log, for the drift check; its rows are written and read by `EntryStore` alone. */
export function auditEntities(schema: string): EntitySchema[] {
  const text = { type: 'text' } as const
  /** What an event is in the log, with its place and before it. */
  const event = {
    event_id: { type: 'uuid' },
    at: { type: 'timestamptz' },
    source: text,
    type: text,
    topic: text,
    key: text,
    run: { type: 'bigint', nullable: true },
    entry: text,
    digest: text,
    leaf_hash: { type: 'bytea' },
  } as const
  return [
    new EntitySchema({
      name: `${schema}.entry`,
      tableName: 'entry',
      schema,
      columns: {
        index: { type: 'bigint', primary: true, primaryKeyConstraintName: 'entry_pkey' },
        ...event,
      },
      indices: [
        { name: 'entry_event_id_idx', columns: ['event_id'], unique: true },
        { name: 'entry_run_index_idx', columns: ['run', 'index'] },
      ],
    }),
    new EntitySchema({
      name: `${schema}.arrival`,
      tableName: 'arrival',
      schema,
      columns: {
        nth: { type: 'bigint', primary: true, generated: 'increment', primaryKeyConstraintName: 'arrival_pkey' },
        ...event,
      },
    }),
    new EntitySchema({
      name: `${schema}.tree_node`,
      tableName: 'tree_node',
      schema,
      columns: {
        level: { type: 'integer', primary: true, primaryKeyConstraintName: 'tree_node_pkey' },
        index: { type: 'bigint', primary: true, primaryKeyConstraintName: 'tree_node_pkey' },
        hash: { type: 'bytea' },
      },
    }),
    new EntitySchema({
      name: `${schema}.checkpoint`,
      tableName: 'checkpoint',
      schema,
      columns: {
        nth: { type: 'bigint', primary: true, generated: 'increment', primaryKeyConstraintName: 'checkpoint_pkey' },
        size: { type: 'bigint' },
        note: text,
        published_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
      },
      indices: [{ name: 'checkpoint_size_nth_idx', columns: ['size', 'nth'] }],
    }),
    new EntitySchema({
      name: `${schema}.logged_release`,
      tableName: 'logged_release',
      schema,
      columns: {
        digest: { ...text, primary: true, primaryKeyConstraintName: 'logged_release_pkey' },
        policy: text,
        version: text,
        index: { type: 'bigint' },
      },
      indices: [{ name: 'logged_release_policy_version_idx', columns: ['policy', 'version'] }],
    }),
    new EntitySchema({
      name: `${schema}.attestation`,
      tableName: 'attestation',
      schema,
      columns: {
        digest: { ...text, primary: true, primaryKeyConstraintName: 'attestation_pkey' },
        nth: { type: 'bigint', generated: 'increment' },
        run: { type: 'bigint', nullable: true },
        attempt: { type: 'integer', nullable: true },
        source: text,
        type: text,
        envelope: { type: 'jsonb' },
      },
      indices: [{ name: 'attestation_run_nth_idx', columns: ['run', 'nth'] }],
    }),
  ]
}
