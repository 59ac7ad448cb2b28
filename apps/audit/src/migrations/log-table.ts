import type { QueryRunner } from 'typeorm'

/** A table that is only ever added to. The trigger is of statement level, to speak also when no row matches, and ALWAYS, to hold in a replication session too. */
export async function createLogTable(runner: QueryRunner, table: string, columns: string): Promise<void> {
  await runner.query(`CREATE TABLE audit.${table} (${columns})`)
  await runner.query(`
    CREATE TRIGGER ${table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.${table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change()`)
  await runner.query(`ALTER TABLE audit.${table} ENABLE ALWAYS TRIGGER ${table}_only_grows`)
}
