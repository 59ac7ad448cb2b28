import { Client } from 'pg'

/**
 * What the catalog says of a schema: one section for each table, sequence and function, by its first line. Names are without the schema.
 */
export async function dumpSchema(url: string, schema: string): Promise<string[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const rows = await client.query<{ section: string; line: string }>(SQL, [schema])
    const sections = new Map<string, string[]>()
    for (const { section, line } of rows.rows) sections.set(section, [...(sections.get(section) ?? []), line])
    return [...sections].map(([section, lines]) => [section, ...lines].join('\n').replaceAll(`${schema}.`, '').trimEnd())
  } finally {
    await client.end()
  }
}

/** Lines of a section stand in the order of `rank`, then of their own. */
const SQL = `
  WITH own AS (
    SELECT c.oid, c.relname, c.relkind, c.relacl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname !~ '^migration'
  ), lines AS (
    SELECT 'table ' || relname AS section, 1 AS rank, attnum AS place,
      '  ' || attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
        || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '') AS line
    FROM own JOIN pg_attribute a ON attrelid = own.oid LEFT JOIN pg_attrdef d ON adrelid = own.oid AND adnum = attnum
    WHERE relkind = 'r' AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT 'table ' || relname, 2, 0, '  CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(k.oid)
    FROM own JOIN pg_constraint k ON conrelid = own.oid WHERE contype <> 'n'
    UNION ALL
    SELECT 'table ' || relname, 3, 0, '  ' || pg_get_indexdef(indexrelid)
    FROM own JOIN pg_index ON indrelid = own.oid
    WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = indexrelid)
    UNION ALL
    SELECT 'table ' || relname, 4, 0, '  ' || pg_get_triggerdef(t.oid) || ', enabled ' || tgenabled::text
    FROM own JOIN pg_trigger t ON tgrelid = own.oid WHERE NOT tgisinternal
    UNION ALL
    SELECT 'table ' || relname, 5, 0, '  GRANT ' || relacl::text FROM own WHERE relkind = 'r' AND relacl IS NOT NULL
    UNION ALL
    SELECT 'sequence ' || relname, 1, 0, '  ' || format_type(seqtypid, NULL) || ' START ' || seqstart || ' INCREMENT ' || seqincrement
    FROM own JOIN pg_sequence ON seqrelid = own.oid
    UNION ALL
    SELECT 'function ' || proname || '(' || pg_get_function_arguments(p.oid) || ')', 1, 0, pg_get_functiondef(p.oid)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE nspname = $1
  )
  SELECT section, line FROM lines ORDER BY section LIKE 'table %' DESC, section COLLATE "C", rank, place, line COLLATE "C"`
