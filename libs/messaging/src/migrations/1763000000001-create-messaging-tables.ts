import { createDocumentTables, dropTables, schemaOfRunner } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

export class CreateMessagingTables1763000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const schema = schemaOfRunner(runner)
    await createOutbox(runner, schema)
    await createInbox(runner, schema)
    await createDocumentTables(runner, { dead_letter: { keys: { topic: 'text', state: 'text', at: 'timestamptz' }, indexes: [['at']] } })
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['dead_letter', 'consumer_offset', 'parked_event', 'stream_position', 'log_end', 'stream_head', 'outbox'])
    await runner.query(`DROP SEQUENCE ${schemaOfRunner(runner)}.outbox_log_offset`)
  }
}

/** Creates the tables of the outbox. `log_end`: last known end of the broker's log, to detect a lost tail. */
async function createOutbox(runner: QueryRunner, schema: string): Promise<void> {
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
      headers jsonb,
      sent_at timestamptz,
      log_partition integer,
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
    CREATE TABLE ${schema}.log_end (
      topic text NOT NULL, log_partition integer NOT NULL, last_offset bigint NOT NULL, last_at_ms bigint,
      CONSTRAINT log_end_pkey PRIMARY KEY (topic, log_partition)
    )`)
}

/** Creates the tables of the inbox. `parked_at`: time since which an event waits for an earlier one. */
async function createInbox(runner: QueryRunner, schema: string): Promise<void> {
  await runner.query(`
    CREATE TABLE ${schema}.stream_position (
      consumer text NOT NULL, producer text NOT NULL, topic text NOT NULL, msg_key text NOT NULL,
      first_key_seq bigint NOT NULL, last_key_seq bigint NOT NULL,
      moved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT stream_position_pkey PRIMARY KEY (consumer, producer, topic, msg_key)
    )`)
  await runner.query(`
    CREATE TABLE ${schema}.parked_event (
      consumer text NOT NULL, producer text NOT NULL, topic text NOT NULL, msg_key text NOT NULL, key_seq bigint NOT NULL,
      event jsonb NOT NULL, parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT parked_event_pkey PRIMARY KEY (consumer, producer, topic, msg_key, key_seq)
    )`)
  await runner.query(`
    CREATE TABLE ${schema}.consumer_offset (
      "group" text NOT NULL, topic text NOT NULL, producer text NOT NULL, log_offset bigint NOT NULL,
      CONSTRAINT consumer_offset_pkey PRIMARY KEY ("group", topic, producer)
    )`)
}
