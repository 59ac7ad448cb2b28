import type { MigrationInterface, QueryRunner } from 'typeorm'

const TABLES = ['tree_node', 'checkpoint', 'logged_release'] as const

/** The Merkle tree over the entries, the checkpoints that were published, and where releases are. All of it only grows. */
export class AddAuditLog1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit.tree_node (
        level integer NOT NULL, index bigint NOT NULL, hash bytea NOT NULL,
        CONSTRAINT tree_node_pkey PRIMARY KEY (level, index)
      )`)
    await runner.query(`
      CREATE TABLE audit.checkpoint (
        size bigint CONSTRAINT checkpoint_pkey PRIMARY KEY,
        note text NOT NULL,
        published_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`)
    await runner.query(`
      CREATE TABLE audit.logged_release (
        digest text CONSTRAINT logged_release_pkey PRIMARY KEY,
        policy text NOT NULL,
        version text NOT NULL,
        index bigint NOT NULL
      )`)
    await runner.query('CREATE INDEX logged_release_policy_version_idx ON audit.logged_release (policy, version)')
    await runner.query(`
      CREATE FUNCTION audit.refuse_any_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% on %.% is refused: the audit log is only ever added to', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
          USING ERRCODE = '42501', HINT = 'A wrong entry is corrected by a later one.';
      END $$`)
    for (const table of TABLES) {
      await runner.query(`
        CREATE TRIGGER ${table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.${table}
        FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_any_change()`)
      await runner.query(`ALTER TABLE audit.${table} ENABLE ALWAYS TRIGGER ${table}_only_grows`)
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE audit.${table}`)
    await runner.query('DROP FUNCTION audit.refuse_any_change()')
  }
}
