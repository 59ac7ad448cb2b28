import { createHash } from 'node:crypto'
import { Pool } from 'pg'
import { describe, it } from 'vitest'
import { PostgresDatabase } from '#libs/persistence'
import { Metrics, silentLogger, systemClock, uuidv7 } from '#libs/platform'
import {
  approvalState,
  cosign,
  entryBundle,
  formatCheckpoint,
  generateKeyPair,
  HashTree,
  leafHash,
  localSigner,
  readRelease,
  readTilePath,
  signEnvelope,
  signNote,
  TILE_WIDTH,
  verifyEnvelope,
  type LogPolicy,
} from '#libs/signing'
import { dataSourceOf, loadService, migrateService } from '#libs/service'
import { verifyBundle } from '#libs/verify'
import { Witness } from '#libs/witness'
import { MemorySeenStore } from '#libs/witness/testing'
import { factsOf, type EntryFacts } from '../../apps/audit/src/entries/entry.js'
import { testSeals } from '../../apps/audit/src/testing/log-adapters.suite.js'
import { PostgresEntryStore } from '../../apps/audit/src/entries/entry.store.postgres.js'
import { Intake } from '../../apps/audit/src/entries/intake.js'
import { CheckpointLag } from '../../apps/audit/src/log/checkpoint-lag.js'
import { Sequencer } from '../../apps/audit/src/log/sequencer.js'
import { SuspendedWitnesses } from '../../apps/audit/src/log/suspended-witnesses.js'
import { PostgresTreeStore } from '../../apps/audit/src/log/tree.store.postgres.js'
import { Problems } from '../../apps/cli/src/output/problems.js'
import { recomputeLog, type LogReader } from '../../apps/cli/src/audit/recompute-log.js'
import { LOG_POLICY, LOG_SIGNER, WITNESS_SIGNER } from '../support/test-log.js'
import { until } from '../support/processes.js'
import { startDurablePostgres, type DurablePostgres } from './durable-postgres.js'
import { nowMs } from './figures.js'
import { sampleBundle } from './sample-bundle.js'
import { median, perSecond } from './writers.js'

const ROUNDS = 5
const SLICE_MS = 2_000
const SUSTAINED_MS = 15_000
const ENTRIES = 100_000

const print = (label: string, value: number, unit: string, note = ''): void =>
  void process.stdout.write(`${label.padEnd(62)} ${value.toFixed(value < 100 ? 2 : 0).padStart(9)} ${unit}${note}\n`)

describe('trust', () => {
  it('a bot checks everything, people sign, readers verify', async () => {
    const { bundle, roster, release, parsed } = await sampleBundle()
    const signer = localSigner(generateKeyPair().privateKey)
    const payload = Buffer.from(release.payload, 'base64')
    const key = generateKeyPair()
    const signed = await signEnvelope(payload, [localSigner(key.privateKey)])
    print(
      `full check of an offline bundle of ${bundle.length} bytes, roster included`,
      await each(200, () => verifyBundle(bundle, { roster })),
      'ms',
    )
    print('approvals of a release by two people', await each(500, () => approvalState(parsed.roster, readRelease(release))), 'ms')
    print('sign a release', await each(1_000, () => signEnvelope(payload, [signer])), 'ms')
    print('verify one signature on it', await each(1_000, () => verifyEnvelope(signed, new Map([[key.keyid, key.publicKey]]))), 'ms')
  })

  it('log appends beside bare single-row inserts', async () => {
    const server = await startDurablePostgres()
    const definition = await loadService('audit')
    await migrateService(definition, server.url)
    const database = new PostgresDatabase(await dataSourceOf(definition, server.url).initialize(), 'audit')
    const entries = new PostgresEntryStore(await testSeals())
    const witness = new Witness(LOG_POLICY.witnesses[0]!, WITNESS_SIGNER, () => [LOG_POLICY.log], new MemorySeenStore(), systemClock)
    const sequencer = new Sequencer({
      database,
      tree: new PostgresTreeStore(),
      policy: () => LOG_POLICY,
      clock: systemClock,
      log: silentLogger,
      keys: async () => ({ signer: LOG_SIGNER, witnesses: [witness] }),
      announce: async () => {},
      lag: new CheckpointLag(new Metrics(), systemClock, silentLogger),
      suspended: new SuspendedWitnesses(systemClock, silentLogger, new Metrics()),
    })
    await sequencer.start()
    const intake = new Intake({
      database,
      entries,
      clock: systemClock,
      log: silentLogger,
      halted: () => sequencer.halted,
      placed: (isAwaited) => sequencer.wake(isAwaited),
    })
    intake.start()
    // What the log adds to the transaction of an event is this statement; places, tree, signatures and witness follow meanwhile.
    const append = async (): Promise<void> => {
      await database.autocommit((tx) => entries.append(tx, facts()))
      intake.wake()
    }
    const appendAlone = (): Promise<void> =>
      database.transaction(async (tx) => {
        await entries.append(tx, facts())
        tx.afterCommit(() => intake.wake())
      })
    await server.query('CREATE TABLE bare (id bigserial PRIMARY KEY, entry text NOT NULL, leaf_hash bytea NOT NULL)')
    const pool = new Pool({ connectionString: server.url, max: 8 })
    pool.on('error', () => {})
    const insert = async (): Promise<void> => {
      const text = JSON.stringify(facts())
      await pool.query({
        name: 'bare',
        text: 'INSERT INTO bare (entry, leaf_hash) VALUES ($1, $2)',
        values: [text, createHash('sha256').update(text).digest()],
      })
    }
    for (const writers of [1, 8]) {
      const [appends, alone, inserts]: [number[], number[], number[]] = [[], [], []]
      await perSecond(writers, SLICE_MS / 2, append)
      await perSecond(writers, SLICE_MS / 2, insert)
      for (let round = 0; round < ROUNDS; round++) {
        appends.push(await perSecond(writers, SLICE_MS, append))
        alone.push(await perSecond(writers, SLICE_MS, appendAlone))
        inserts.push(await perSecond(writers, SLICE_MS, insert))
      }
      beside(`log appends, ${writers} at a time`, median(appends), `single-row inserts, ${writers} at a time`, median(inserts), '/s', 0.7)
      print('each append in a transaction of its own', median(alone), '/s', `  (${(median(alone) / median(inserts)).toFixed(2)})`)
    }
    await until('each has its place', async () => (await covered(server)).open === 0)
    // Only entries that a checkpoint covers count: an append that waits for its index has no proof yet.
    const [before, startedAt] = [await covered(server), nowMs()]
    const taken = await perSecond(8, SUSTAINED_MS, append)
    const [after, stoppedAt] = [(await covered(server)).published - before.published, nowMs()]
    const rate = (after * 1_000) / (stoppedAt - startedAt)
    await until('each is in a checkpoint', async () => (await covered(server)).open === 0)
    const drainedMs = nowMs() - stoppedAt
    const inserts = await perSecond(8, SLICE_MS, insert)
    beside(`placed and in a published checkpoint, of ${taken.toFixed(0)}/s taken in`, rate, 'inserts, 8 at a time', inserts, '/s', 0.5)
    print('after the writers stop, until all are', drainedMs, 'ms')
    intake.stop()
    sequencer.stop()
    await pool.end()
    await database.close()
    await server.stop()
  })

  it(`verification of a log of ${ENTRIES} entries beside the bare hash loop`, async () => {
    const log = await servedLog(ENTRIES)
    const [verified, bare]: [number[], number[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      verified.push(await rateOf(() => recomputeLog(log.client, LOG_POLICY, new Problems())))
      bare.push(await rateOf(() => hashLoop(log.entries)))
    }
    beside('entries verified from their tiles', median(verified), 'the same tree by the bare hash loop', median(bare), '/s', 0.5)
  })
})

/** Entries that a published checkpoint covers, and all that it does not cover yet. */
async function covered(server: DurablePostgres): Promise<{ published: number; open: number }> {
  const [row] = await server.query<{ published: number; open: number }>(
    `SELECT published, (SELECT count(*)::int FROM audit.arrival) + (SELECT coalesce(max(index) + 1, 0)::int FROM audit.entry) - published AS open
     FROM (SELECT coalesce(max(size), 0)::int AS published FROM audit.checkpoint) AS newest`,
  )
  return row!
}

function beside(label: string, value: number, floorLabel: string, floor: number, unit: string, aim: number): void {
  print(label, value, unit)
  print(floorLabel, floor, unit)
  print('ratio of medians', value / floor, '', `  (aim ${aim})`)
}

/** Median time of a piece of work, ms. */
async function each(times: number, work: () => unknown): Promise<number> {
  const taken: number[] = []
  for (let turn = 0; turn < times; turn++) {
    const startedAt = nowMs()
    await work()
    taken.push(nowMs() - startedAt)
  }
  return median(taken)
}

async function rateOf(work: () => unknown): Promise<number> {
  const startedAt = nowMs()
  await work()
  return (ENTRIES * 1_000) / (nowMs() - startedAt)
}

function facts(): EntryFacts {
  const head = { id: uuidv7(), source: '/hms-svc/linter', type: 'hms.lint.passed.v1', topic: 'hms.lint.v1', key: 'ozone', keySeq: 1 }
  return factsOf({
    ...head,
    time: '2026-01-01T00:00:00.000Z',
    runId: '1',
    attempt: 1,
    data: {},
    envelope: { payload: 'e30=', payloadType: 'x', signatures: [] },
  })
}

/** RFC 6962 and nothing else: two hashes an entry. */
function hashLoop(entries: readonly Buffer[]): Buffer {
  const hash = (prefix: number, ...parts: Buffer[]): Buffer => {
    const sha = createHash('sha256').update(Buffer.of(prefix))
    for (const part of parts) sha.update(part)
    return sha.digest()
  }
  let level = entries.map((entry) => hash(0, entry))
  while (level.length > 1) {
    const above: Buffer[] = []
    for (let at = 0; at + 1 < level.length; at += 2) above.push(hash(1, level[at]!, level[at + 1]!))
    if (level.length % 2 === 1) above.push(level.at(-1)!)
    level = above
  }
  return level[0]!
}

/** A log as audit serves it, from memory: what is measured is the verification. */
async function servedLog(count: number, policy: LogPolicy = LOG_POLICY): Promise<{ entries: Buffer[]; client: LogReader }> {
  const entries = Array.from({ length: count }, () => Buffer.from(JSON.stringify(facts())))
  const leaves = entries.map((entry) => leafHash(entry))
  const tree = new HashTree()
  for (const leaf of leaves) tree.append(leaf)
  const body = formatCheckpoint({ origin: policy.log.name, size: count, root: tree.root() })
  const note = (await signNote(body, policy.log, LOG_SIGNER)) + (await cosign(body, 1_800_000_000, policy.witnesses[0]!, WITNESS_SIGNER))
  const tiles = new Map<string, Buffer>()
  for (let start = 0; start < count; start += TILE_WIDTH) {
    tiles.set(`entries ${start}`, entryBundle(entries.slice(start, start + TILE_WIDTH)))
    tiles.set(`0 ${start}`, Buffer.concat(leaves.slice(start, start + TILE_WIDTH)))
  }
  const bytes = async (path: string): Promise<Buffer> => {
    if (path === '/checkpoint') return Buffer.from(note)
    const { level, index } = readTilePath(path.slice('/tile/'.length))!
    return tiles.get(`${level} ${index * TILE_WIDTH}`)!
  }
  // None of these entries approves anything.
  return { entries, client: { bytes, get: async <T>() => [] as T } }
}
