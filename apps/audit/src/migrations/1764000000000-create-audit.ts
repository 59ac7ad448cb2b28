import { createDocumentTables, dropTables } from '#libs/persistence'
import type { MigrationInterface, QueryRunner } from 'typeorm'

/** Columns of an event, in the log and while it waits for its index. */
const EVENT = `
  event_id uuid NOT NULL,
  at timestamptz NOT NULL,
  source text NOT NULL,
  type text NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  run bigint,
  entry text NOT NULL,
  digest text NOT NULL,
  leaf_hash bytea NOT NULL`

/** Tables of the log, which are append-only. */
const LOG: Record<string, string> = {
  entry: `index bigint CONSTRAINT entry_pkey PRIMARY KEY, ${EVENT}`,
  tree_node: `
    level integer NOT NULL, index bigint NOT NULL, hash bytea NOT NULL,
    CONSTRAINT tree_node_pkey PRIMARY KEY (level, index)`,
  // An unchanged tree gets a second checkpoint if the key of the log or its witnesses change.
  checkpoint: `
    nth bigserial CONSTRAINT checkpoint_pkey PRIMARY KEY,
    size bigint NOT NULL,
    note text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()`,
  logged_release: `
    digest text CONSTRAINT logged_release_pkey PRIMARY KEY, policy text NOT NULL, version text NOT NULL, index bigint NOT NULL`,
  // Attestations of the stages, as signed.
  attestation: `
    digest text CONSTRAINT attestation_pkey PRIMARY KEY,
    nth bigserial NOT NULL,
    run bigint,
    attempt integer,
    source text NOT NULL,
    type text NOT NULL,
    envelope jsonb NOT NULL`,
}

const INDEXES = [
  'UNIQUE INDEX entry_event_id_idx ON audit.entry (event_id)',
  'INDEX entry_run_index_idx ON audit.entry (run, index)',
  'INDEX checkpoint_size_nth_idx ON audit.checkpoint (size, nth)',
  'INDEX logged_release_policy_version_idx ON audit.logged_release (policy, version)',
  'INDEX attestation_run_nth_idx ON audit.attestation (run, nth)',
]

export class CreateAudit1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% on %.% is refused: the audit log is only ever added to', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
          USING ERRCODE = '42501', HINT = 'A wrong entry is corrected by a later one.';
      END $$`)
    for (const [table, columns] of Object.entries(LOG)) await createLogTable(runner, table, columns)
    for (const index of INDEXES) await runner.query(`CREATE ${index}`)
    // Queue of stored events without an index.
    await runner.query(`CREATE TABLE audit.arrival (nth bigserial CONSTRAINT arrival_pkey PRIMARY KEY, ${EVENT}, releases jsonb)`)
    // Events of high volume wait for the end of their window; a listing stores the input of a window's digest.
    await createDocumentTables(runner, {
      windowed_event: { keys: { until: 'timestamptz' }, indexes: [['until']] },
      window_listing: { keys: { at: 'timestamptz' }, indexes: [['at']] },
    })
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropTables(runner, ['window_listing', 'windowed_event', 'arrival', ...Object.keys(LOG)])
    await runner.query('DROP FUNCTION audit.refuse_change()')
  }
}

/** Creates an append-only table. Its trigger fires per statement, so even if no row matches; ALWAYS includes replication sessions. */
async function createLogTable(runner: QueryRunner, table: string, columns: string): Promise<void> {
  await runner.query(`CREATE TABLE audit.${table} (${columns})`)
  await runner.query(`
    CREATE TRIGGER ${table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.${table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()`)
  await runner.query(`ALTER TABLE audit.${table} ENABLE ALWAYS TRIGGER ${table}_only_grows`)
}
