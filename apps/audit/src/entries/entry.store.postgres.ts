import { postgresOf, type Transaction } from '#libs/persistence'
import { leafHashOf, leafOf, type EntryFacts, type LogEntry } from './entry.js'
import type { EntryQuery, EntryStore } from './entry.store.js'

interface Row {
  /** bigint: the driver gives a string. */
  index: string
  entry: string
  leaf_hash: Buffer
}

export class PostgresEntryStore implements EntryStore {
  async append(tx: Transaction, facts: EntryFacts): Promise<LogEntry | undefined> {
    const { schema } = postgresOf(tx)
    const hash = leafHashOf(facts)
    const rows = await postgresOf(tx).query<{ index: string }>(
      `INSERT INTO ${schema}.entry (index, event_id, at, source, type, topic, key, run, entry, digest, leaf_hash)
       SELECT coalesce(max(index) + 1, 0), $1::uuid, $2::timestamptz, $3::text, $4::text, $5::text, $6::text, $7::bigint,
         $8::text, $9::text, $10::bytea
       FROM ${schema}.entry
       ON CONFLICT (event_id) DO NOTHING RETURNING index`,
      [facts.event, facts.at, facts.source, facts.type, facts.topic, facts.key, facts.run, leafOf(facts), facts.digest, hash],
    )
    if (rows[0] === undefined) return undefined
    const index = Number(rows[0].index)
    for (const { id, version, digest } of facts.releases ?? []) {
      await postgresOf(tx).query(
        `INSERT INTO ${schema}.logged_release (digest, policy, version, index) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING`,
        [digest, id, version, index],
      )
    }
    return { index, facts, leafHash: hash }
  }

  async find(tx: Transaction, { run, after = -1, limit }: EntryQuery): Promise<LogEntry[]> {
    const { schema } = postgresOf(tx)
    const values = [after, limit, ...(run === undefined ? [] : [run])]
    const ofRun = run === undefined ? '' : ' AND run = $3'
    const rows = await postgresOf(tx).query<Row>(
      `SELECT index, entry, leaf_hash FROM ${schema}.entry WHERE index > $1${ofRun} ORDER BY index LIMIT $2`,
      values,
    )
    return rows.map((row) => ({ index: Number(row.index), facts: JSON.parse(row.entry) as EntryFacts, leafHash: row.leaf_hash }))
  }
}
