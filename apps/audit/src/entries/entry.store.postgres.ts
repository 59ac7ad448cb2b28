import { defined, type Envelope } from '#libs/contracts'
import { postgresOf, type Transaction } from '#libs/persistence'
import type { ApprovedRelease } from '#libs/signing'
import { nameKey } from './actors.js'
import type { ArrivalRow, ArrivalSeals } from './arrival-seals.js'
import { leafHashOf, leafOf, type EntryFacts, type LogEntry } from './entry.js'
import { MAX_UNSIGNED, type EventAttachments, type EntryQuery, type EntryStore, type UnsignedRows } from './entry.store.js'

const COLUMNS = 'event_id, at, source, type, topic, key, run, entry, digest, leaf_hash'

interface Row extends Pick<LogEntry, 'actors' | 'policies'> {
  /** bigint, which the driver returns as a string. */
  index: string
  entry: string
  leaf_hash: Buffer
  signed?: Envelope | null
}

export class PostgresEntryStore implements EntryStore {
  /** `onRefused`: called once for each refused row, with the id of its event and the reason. */
  constructor(
    private readonly seals: ArrivalSeals,
    private readonly onRefused: (event: string, why: string) => void = () => {},
  ) {}

  async append(tx: Transaction, facts: EntryFacts, { releases, actors = [], signed }: EventAttachments = {}): Promise<void> {
    const { schema } = postgresOf(tx)
    await postgresOf(tx).write(
      `INSERT INTO ${schema}.arrival (${COLUMNS}, releases, actors, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        facts.event,
        facts.at,
        facts.source,
        facts.type,
        facts.topic,
        facts.key,
        facts.run,
        leafOf(facts),
        facts.digest,
        leafHashOf(facts),
        releases === undefined ? null : JSON.stringify(releases),
        actors.length === 0 ? null : actors,
        JSON.stringify(await this.seals.sign(facts, releases, actors)),
      ],
    )
    if (signed === undefined) return
    // Stored by event id, because the event has no index yet. An earlier build, which does not know this table, can still place the entry.
    await postgresOf(tx).write(`INSERT INTO ${schema}.kept_event (event_id, signed) VALUES ($1, $2) ON CONFLICT DO NOTHING`, [
      facts.event,
      JSON.stringify(signed),
    ])
  }

  /** Assigns log indexes. LATERAL finds an event by the index on its id; an anti-join was planned as a scan of the log per batch. */
  async sequence(tx: Transaction, limit: number): Promise<{ added: number; isFull: boolean }> {
    const { schema } = postgresOf(tx)
    const { arrivals, isFull } = await this.signedArrivals(tx, limit)
    if (arrivals.length === 0) return { added: 0, isFull }
    const rows = await postgresOf(tx).query<{ index: string; releases: ApprovedRelease[] | null; actors: string[] | null }>(
      `WITH taken AS (
         DELETE FROM ${schema}.arrival WHERE nth = ANY($1)
         RETURNING nth, ${COLUMNS}, releases, actors
       ), first AS (
         SELECT DISTINCT ON (event_id) taken.* FROM taken
         LEFT JOIN LATERAL (SELECT 1 AS found FROM ${schema}.entry WHERE entry.event_id = taken.event_id LIMIT 1) AS known ON true
         WHERE known.found IS NULL ORDER BY event_id, nth
       ), placed AS (
         INSERT INTO ${schema}.entry (index, ${COLUMNS})
         SELECT (SELECT coalesce(max(index) + 1, 0) FROM ${schema}.entry) + row_number() OVER (ORDER BY nth) - 1, ${COLUMNS} FROM first
         RETURNING index, event_id
       )
       SELECT placed.index, first.releases, first.actors FROM placed JOIN first USING (event_id)`,
      [arrivals],
    )
    for (const { index, releases } of rows) if (releases !== null) await this.placeReleases(tx, Number(index), releases)
    await this.placeActors(
      tx,
      rows.flatMap(({ index, actors }) => (actors ?? []).map((actor) => ({ actor, index }))),
    )
    return { added: rows.length, isFull }
  }

  async unsigned(tx: Transaction): Promise<UnsignedRows | undefined> {
    const { schema } = postgresOf(tx)
    const [found] = await postgresOf(tx).query<UnsignedRows>(
      `SELECT array_agg(DISTINCT topic) AS topics, min(at) AS since, array_agg(event_id) AS events
       FROM (SELECT topic, at, event_id FROM ${schema}.arrival WHERE seal IS NULL OR refused ORDER BY nth LIMIT $1) AS oldest
       HAVING count(*) > 0`,
      [MAX_UNSIGNED],
    )
    return found
  }

  async dropUnsigned(tx: Transaction, event: string): Promise<boolean> {
    const { schema } = postgresOf(tx)
    const sql = `DELETE FROM ${schema}.arrival WHERE event_id = $1 AND (seal IS NULL OR refused) RETURNING nth`
    return (await postgresOf(tx).query<{ nth: string }>(sql, [event])).length > 0
  }

  /** Returns the next rows that audit signed, locked against changes. Marks other rows as refused, so they are not read again. */
  private async signedArrivals(tx: Transaction, limit: number): Promise<{ arrivals: string[]; isFull: boolean }> {
    const { schema } = postgresOf(tx)
    const rows = await postgresOf(tx).query<ArrivalRow>(
      `SELECT nth, ${COLUMNS}, releases, actors, seal FROM ${schema}.arrival WHERE NOT refused ORDER BY nth LIMIT $1 FOR UPDATE`,
      [limit],
    )
    const judged = rows.map((row) => ({ row, why: this.seals.refusalOf(row) }))
    const refused = judged.flatMap(({ row, why }) => (why === undefined ? [] : [{ nth: row.nth, event: row.event_id, why }]))
    if (refused.length > 0) {
      const sql = `UPDATE ${schema}.arrival SET refused = true WHERE nth = ANY($1)`
      await postgresOf(tx).write(sql, [refused.map(({ nth }) => nth)])
      tx.afterCommit(() => refused.forEach(({ event, why }) => this.onRefused(event, why)))
    }
    return { arrivals: judged.flatMap(({ row, why }) => (why === undefined ? [row.nth] : [])), isFull: rows.length === limit }
  }

  private async placeActors(tx: Transaction, found: readonly { actor: string; index: string }[]): Promise<void> {
    if (found.length === 0) return
    const { schema } = postgresOf(tx)
    await postgresOf(tx).write(
      `INSERT INTO ${schema}.entry_actor (actor, index) SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO NOTHING`,
      [found.map(({ actor }) => actor), found.map(({ index }) => index)],
    )
  }

  private async placeReleases(tx: Transaction, index: number, releases: readonly ApprovedRelease[]): Promise<void> {
    const { schema } = postgresOf(tx)
    for (const { id, version, digest } of releases) {
      await postgresOf(tx).write(
        `INSERT INTO ${schema}.logged_release (digest, policy, version, index) VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING`,
        [digest, id, version, index],
      )
    }
  }

  async find(
    tx: Transaction,
    { run, after, before, by, type, since, until, newestFirst, withEvents, withActors, limit }: EntryQuery,
  ): Promise<LogEntry[]> {
    const { schema } = postgresOf(tx)
    const values: unknown[] = []
    const conditions = (
      [
        ['index >', after],
        ['index <', before],
        ['run =', run],
        ['actor =', by === undefined ? undefined : nameKey(by)],
        ['type =', type],
        ['at >=', since],
        ['at <', until],
      ] as const
    ).flatMap(([test, value]) => (value === undefined ? [] : [`${test} $${values.push(value)}`]))
    const entries = by === undefined ? `${schema}.entry` : `${schema}.entry_actor JOIN ${schema}.entry USING (index)`
    const from = withEvents === true ? `${entries} LEFT JOIN ${schema}.kept_event USING (event_id)` : entries
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
    const people = `, ARRAY(SELECT actor FROM ${schema}.entry_actor AS by WHERE by.index = entry.index ORDER BY actor) AS actors,
      (SELECT coalesce(json_agg(json_build_object('id', policy, 'version', version) ORDER BY policy), '[]')
       FROM ${schema}.logged_release AS release WHERE release.index = entry.index) AS policies`
    const rows = await postgresOf(tx).query<Row>(
      `SELECT index, entry, leaf_hash${withEvents === true ? ', signed' : ''}${withActors === true ? people : ''} FROM ${from} ${where}
       ORDER BY index ${newestFirst === true ? 'DESC' : 'ASC'} LIMIT $${values.push(limit)}`,
      values,
    )
    return rows.map((row) => ({
      index: Number(row.index),
      facts: JSON.parse(row.entry) as EntryFacts,
      leafHash: row.leaf_hash,
      ...defined({ signed: row.signed ?? undefined, actors: row.actors, policies: row.policies }),
    }))
  }
}
