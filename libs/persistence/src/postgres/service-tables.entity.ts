import { EntitySchema } from 'typeorm'

/** TypeORM's view of `createPersistenceTables`, for the drift check. */
export function persistenceEntities(schema: string): EntitySchema[] {
  return [
    new EntitySchema({
      name: `${schema}.aggregate_lock`,
      tableName: 'aggregate_lock',
      schema,
      columns: { key: { type: 'text', primary: true, primaryKeyConstraintName: 'aggregate_lock_pkey' } },
    }),
    new EntitySchema({
      name: `${schema}.timer`,
      tableName: 'timer',
      schema,
      columns: {
        id: { type: 'text', primary: true, primaryKeyConstraintName: 'timer_pkey' },
        kind: { type: 'text' },
        keys: { type: 'text', array: true },
        data: { type: 'jsonb' },
        due_at: { type: 'timestamptz' },
        traceparent: { type: 'text', nullable: true },
        lease_until: { type: 'timestamptz', nullable: true },
        lease_epoch: { type: 'bigint' },
        tries: { type: 'integer', default: 0 },
        waits: { type: 'integer', default: 0 },
      },
      indices: [{ name: 'timer_due_at_idx', columns: ['due_at'] }],
    }),
  ]
}
