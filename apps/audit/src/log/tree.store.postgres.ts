import { postgresOf, type Transaction } from '#libs/persistence'
import type { IndexedRelease } from '../entries/entry.js'
import type { PublishedCheckpoint, TreeStore } from './tree.store.js'

export class PostgresTreeStore implements TreeStore {
  async size(tx: Transaction): Promise<number> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ n: string }>(`SELECT coalesce(max(index) + 1, 0) AS n FROM ${schema}.entry`)
    return Number(rows[0]!.n)
  }

  async entries(tx: Transaction, start: number, end: number): Promise<string[]> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ entry: string }>(
      `SELECT entry FROM ${schema}.entry WHERE index >= $1 AND index < $2 ORDER BY index`,
      [start, end],
    )
    return rows.map(({ entry }) => entry)
  }

  async hashes(tx: Transaction, level: number, start: number, end: number): Promise<Uint8Array[]> {
    const { schema } = postgresOf(tx)
    const from =
      level === 0 ? `SELECT leaf_hash AS hash FROM ${schema}.entry WHERE $3 = 0` : `SELECT hash FROM ${schema}.tree_node WHERE level = $3`
    // In the query of leaves `$3 = 0` is always true: both queries need the same three parameters.
    const values = [start, end, level]
    const rows = await postgresOf(tx).query<{ hash: Uint8Array }>(`${from} AND index >= $1 AND index < $2 ORDER BY index`, values)
    return rows.map(({ hash }) => hash)
  }

  async count(tx: Transaction, level: number): Promise<number> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ n: string }>(
      `SELECT coalesce(max(index) + 1, 0) AS n FROM ${schema}.tree_node WHERE level = $1`,
      [level],
    )
    return Number(rows[0]!.n)
  }

  async add(tx: Transaction, level: number, index: number, hash: Uint8Array): Promise<void> {
    const { schema } = postgresOf(tx)
    await postgresOf(tx).write(`INSERT INTO ${schema}.tree_node (level, index, hash) VALUES ($1, $2, $3)`, [level, index, hash])
  }

  async latest(tx: Transaction): Promise<PublishedCheckpoint | undefined> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ size: string; note: string }>(
      `SELECT size, note FROM ${schema}.checkpoint ORDER BY size DESC, nth DESC LIMIT 1`,
    )
    return rows[0] === undefined ? undefined : { size: Number(rows[0].size), note: rows[0].note }
  }

  async checkpointAfter(tx: Transaction, after: number, most: number): Promise<PublishedCheckpoint | undefined> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<{ size: string; note: string }>(
      `SELECT size, note FROM (
         (SELECT size, nth, note FROM ${schema}.checkpoint WHERE size > $1 AND size <= $2 ORDER BY size DESC, nth DESC LIMIT 1)
         UNION ALL (SELECT size, nth, note FROM ${schema}.checkpoint WHERE size > $1 ORDER BY size, nth LIMIT 1)
       ) AS found ORDER BY size DESC, nth DESC LIMIT 1`,
      [after, most],
    )
    return rows[0] === undefined ? undefined : { size: Number(rows[0].size), note: rows[0].note }
  }

  async publish(tx: Transaction, { size, note }: PublishedCheckpoint): Promise<void> {
    const { schema } = postgresOf(tx)
    await postgresOf(tx).write(`INSERT INTO ${schema}.checkpoint (size, note) VALUES ($1, $2)`, [size, note])
  }

  async releasesIn(tx: Transaction, start: number, end: number): Promise<IndexedRelease[]> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<IndexedRelease & { index: string }>(
      `SELECT digest, policy, version, index FROM ${schema}.logged_release WHERE index >= $1 AND index < $2 ORDER BY index, digest`,
      [start, end],
    )
    return rows.map((row) => ({ ...row, index: Number(row.index) }))
  }

  async release(tx: Transaction, which: { digest: string } | { policy: string; version: string }): Promise<IndexedRelease | undefined> {
    const { schema } = postgresOf(tx)
    const [where, values] =
      'digest' in which ? ['digest = $1', [which.digest]] : ['policy = $1 AND version = $2', [which.policy, which.version]]
    const rows = await postgresOf(tx).query<IndexedRelease & { index: string }>(
      `SELECT digest, policy, version, index FROM ${schema}.logged_release WHERE ${where} ORDER BY index DESC LIMIT 1`,
      values,
    )
    return rows[0] === undefined ? undefined : { ...rows[0], index: Number(rows[0].index) }
  }
}
