import { createDocumentTable } from '#libs/persistence'
import { EntitySchema, type QueryRunner } from 'typeorm'

/** Tables of this library that each service's first migration creates in its own schema. */
export async function createMessagingTables(runner: QueryRunner, schema: string): Promise<void> {
  await runner.query(`CREATE SEQUENCE ${schema}.outbox_log_offset`)
  await runner.query(`
    CREATE TABLE ${schema}.outbox (
      seq bigserial CONSTRAINT outbox_pkey PRIMARY KEY,
      event_id uuid NOT NULL,
      source text NOT NULL,
      type text NOT NULL,
      topic text NOT NULL,
      msg_key text NOT NULL,
      key_seq bigint NOT NULL,
      occurred_at timestamptz NOT NULL,
      run_id text,
      attempt integer,
      causation_id uuid,
      traceparent text,
      value text,
      sent_at timestamptz,
      log_offset bigint
    )`)
  await runner.query(`CREATE UNIQUE INDEX outbox_event_id_idx ON ${schema}.outbox (event_id)`)
  await runner.query(`CREATE UNIQUE INDEX outbox_topic_msg_key_key_seq_idx ON ${schema}.outbox (topic, msg_key, key_seq)`)
  await runner.query(`CREATE INDEX outbox_unsent_idx ON ${schema}.outbox (seq) WHERE sent_at IS NULL`)
  await runner.query(`CREATE INDEX outbox_topic_log_offset_idx ON ${schema}.outbox (topic, log_offset)`)
  await runner.query(`
    CREATE TABLE ${schema}.stream_head (
      topic text NOT NULL, msg_key text NOT NULL, key_seq bigint NOT NULL, moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT stream_head_pkey PRIMARY KEY (topic, msg_key)
    )`)
  await runner.query(`
    CREATE TABLE ${schema}.stream_position (
      consumer text NOT NULL, producer text NOT NULL, topic text NOT NULL, msg_key text NOT NULL, last_key_seq bigint NOT NULL,
      moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT stream_position_pkey PRIMARY KEY (consumer, producer, topic, msg_key)
    )`)
  await runner.query(`
    CREATE TABLE ${schema}.parked_event (
      consumer text NOT NULL, producer text NOT NULL, topic text NOT NULL, msg_key text NOT NULL, key_seq bigint NOT NULL,
      event jsonb NOT NULL,
      CONSTRAINT parked_event_pkey PRIMARY KEY (consumer, producer, topic, msg_key, key_seq)
    )`)
  await runner.query(`
    CREATE TABLE ${schema}.consumer_offset (
      "group" text NOT NULL, topic text NOT NULL, producer text NOT NULL, log_offset bigint NOT NULL,
      CONSTRAINT consumer_offset_pkey PRIMARY KEY ("group", topic, producer)
    )`)
  await createDocumentTable(runner, schema, 'dead_letter', { topic: 'text', state: 'text', at: 'timestamptz' }, [['at']])
}

/**
 * Where in the broker's log each sent row lies, so that a log that lost its tail is noticed; headers of dead letters; and since when an
 * event waits for an earlier one.
 */
export async function addOutboxPlaces(runner: QueryRunner, schema: string): Promise<void> {
  await runner.query(`ALTER TABLE ${schema}.outbox ADD COLUMN headers jsonb, ADD COLUMN log_partition integer`)
  await runner.query(`
    CREATE TABLE ${schema}.log_end (
      topic text NOT NULL, log_partition integer NOT NULL, last_offset bigint NOT NULL, last_at_ms bigint,
      CONSTRAINT log_end_pkey PRIMARY KEY (topic, log_partition)
    )`)
  await runner.query(`ALTER TABLE ${schema}.parked_event ADD COLUMN parked_at timestamptz NOT NULL DEFAULT clock_timestamp()`)
}

export async function dropOutboxPlaces(runner: QueryRunner, schema: string): Promise<void> {
  await runner.query(`ALTER TABLE ${schema}.parked_event DROP COLUMN parked_at`)
  await runner.query(`DROP TABLE ${schema}.log_end`)
  await runner.query(`ALTER TABLE ${schema}.outbox DROP COLUMN log_partition, DROP COLUMN headers`)
}

/** TypeORM's view of these tables but for `dead_letter`, which is a document table; for the drift check. */
export function messagingEntities(schema: string): EntitySchema[] {
  const text = { type: 'text' } as const
  const bigint = { type: 'bigint' } as const
  const movedAt = { type: 'timestamptz', default: () => 'clock_timestamp()' } as const
  const keyPart = (table: string) => ({ type: 'text', primary: true, primaryKeyConstraintName: `${table}_pkey` }) as const
  const entity = (
    tableName: string,
    columns: EntitySchema['options']['columns'],
    indices: EntitySchema['options']['indices'] = [],
  ): EntitySchema => new EntitySchema({ name: `${schema}.${tableName}`, tableName, schema, columns, indices })
  return [
    entity(
      'outbox',
      {
        seq: { ...bigint, primary: true, primaryKeyConstraintName: 'outbox_pkey', generated: 'increment' },
        event_id: { type: 'uuid' },
        source: text,
        type: text,
        topic: text,
        msg_key: text,
        key_seq: bigint,
        occurred_at: { type: 'timestamptz' },
        run_id: { ...text, nullable: true },
        attempt: { type: 'integer', nullable: true },
        causation_id: { type: 'uuid', nullable: true },
        traceparent: { ...text, nullable: true },
        value: { ...text, nullable: true },
        headers: { type: 'jsonb', nullable: true },
        log_partition: { type: 'integer', nullable: true },
        sent_at: { type: 'timestamptz', nullable: true },
        log_offset: { ...bigint, nullable: true },
      },
      [
        { name: 'outbox_event_id_idx', columns: ['event_id'], unique: true },
        { name: 'outbox_topic_msg_key_key_seq_idx', columns: ['topic', 'msg_key', 'key_seq'], unique: true },
        { name: 'outbox_unsent_idx', columns: ['seq'], where: '(sent_at IS NULL)' },
        { name: 'outbox_topic_log_offset_idx', columns: ['topic', 'log_offset'] },
      ],
    ),
    entity('log_end', {
      topic: keyPart('log_end'),
      log_partition: { type: 'integer', primary: true, primaryKeyConstraintName: 'log_end_pkey' },
      last_offset: bigint,
      last_at_ms: { ...bigint, nullable: true },
    }),
    entity('stream_head', { topic: keyPart('stream_head'), msg_key: keyPart('stream_head'), key_seq: bigint, moved_at: movedAt }),
    entity('stream_position', {
      consumer: keyPart('stream_position'),
      producer: keyPart('stream_position'),
      topic: keyPart('stream_position'),
      msg_key: keyPart('stream_position'),
      last_key_seq: bigint,
      moved_at: movedAt,
    }),
    entity('parked_event', {
      consumer: keyPart('parked_event'),
      producer: keyPart('parked_event'),
      topic: keyPart('parked_event'),
      msg_key: keyPart('parked_event'),
      key_seq: { ...bigint, primary: true, primaryKeyConstraintName: 'parked_event_pkey' },
      event: { type: 'jsonb' },
      parked_at: { type: 'timestamptz', default: () => 'clock_timestamp()' },
    }),
    entity('consumer_offset', {
      group: keyPart('consumer_offset'),
      topic: keyPart('consumer_offset'),
      producer: keyPart('consumer_offset'),
      log_offset: bigint,
    }),
  ]
}
