import { Client } from 'pg'
import { nowMs } from './figures.js'

const HOPS = 5

/**
 * The bare minimum of an embedded hop, five times: commit a row, read it as a relay, mark it sent, read it as a consumer, commit the
 * position. No locks, no signatures, no state.
 */
export async function floorEmbedded(url: string, rounds: number): Promise<number[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('CREATE TABLE floor_outbox (seq bigserial PRIMARY KEY, value text NOT NULL, sent_at timestamptz)')
  await client.query('CREATE INDEX ON floor_outbox (seq) WHERE sent_at IS NULL')
  await client.query('CREATE TABLE floor_position (id int PRIMARY KEY, at bigint NOT NULL)')
  const value = 'x'.repeat(6_000)
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAt = nowMs()
    for (let hop = 0; hop < HOPS; hop++) {
      await client.query('BEGIN')
      await client.query('INSERT INTO floor_outbox (value) VALUES ($1)', [value])
      await client.query('COMMIT')
      const { rows } = await client.query<{ seq: string }>(
        'SELECT seq, value FROM floor_outbox WHERE sent_at IS NULL ORDER BY seq LIMIT 200',
      )
      await client.query('UPDATE floor_outbox SET sent_at = now() WHERE seq = ANY($1)', [rows.map((row) => row.seq)])
      await client.query('SELECT seq, value FROM floor_outbox WHERE seq >= $1 ORDER BY seq LIMIT 100', [rows[0]!.seq])
      await client.query('INSERT INTO floor_position VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = EXCLUDED.at', [rows[0]!.seq])
    }
    times.push(nowMs() - startedAt)
  }
  await client.end()
  return times
}
