import type { MigrationInterface, QueryRunner } from 'typeorm'

/** What stages said of releases, as they signed it. It only grows. */
export class AddAuditAttestations1764800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit.attestation (
        digest text CONSTRAINT attestation_pkey PRIMARY KEY,
        nth bigserial NOT NULL,
        run bigint,
        attempt integer,
        source text NOT NULL,
        type text NOT NULL,
        envelope jsonb NOT NULL
      )`)
    await runner.query('CREATE INDEX attestation_run_nth_idx ON audit.attestation (run, nth)')
    await runner.query(`
      CREATE TRIGGER attestation_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.attestation
      FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_any_change()`)
    await runner.query('ALTER TABLE audit.attestation ENABLE ALWAYS TRIGGER attestation_only_grows')
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit.attestation')
  }
}
