import type { LoggedApproval } from '#libs/contracts'
import { PostgresDatabase, type Database } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger, uuidv7 } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import {
  ApprovalTree,
  formatCheckpoint,
  generateKeyPair,
  HashTree,
  leafHash,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readVkey,
  signNote,
  verifyCheckpoint,
  verifyTlogProof,
  vkeyOf,
  type LogPolicy,
  type Signer,
} from '#libs/signing'
import { dataSourceOf, migrateService } from '#libs/service'
import { Witness, type WitnessLink } from '#libs/witness'
import { MemorySeenStore } from '#libs/witness/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshDatabase } from '../../../../test/support/postgres.js'
import { definition } from '../audit.module.js'
import { factsOf, type EntryFacts } from '../entries/entry.js'
import { LOG_LOCK, type EntryStore } from '../entries/entry.store.js'
import { MemoryEntryStore } from '../testing/memory-entry-store.js'
import { testSeals } from '../testing/log-adapters.suite.js'
import { PostgresEntryStore } from '../entries/entry.store.postgres.js'
import { CheckpointLag } from './checkpoint-lag.js'
import { Sequencer } from './sequencer.js'
import { SuspendedWitnesses } from './suspended-witnesses.js'
import { consistencyProof, inclusionProof } from './tree.js'
import type { TreeStore } from './tree.store.js'
import { MemoryTreeStore } from '../testing/memory-tree-store.js'
import { PostgresTreeStore } from './tree.store.postgres.js'

interface Stores {
  database: Database
  entries: EntryStore
  tree: TreeStore
  close(): Promise<void>
}

async function openMemory(): Promise<Stores> {
  const database = new MemoryDatabase(new VirtualClock())
  return { database, entries: new MemoryEntryStore(), tree: new MemoryTreeStore(), close: () => database.close() }
}

async function openPostgres(): Promise<Stores> {
  const { url, drop } = await freshDatabase()
  await migrateService(definition, url)
  const database = new PostgresDatabase(await dataSourceOf(definition, url).initialize(), 'audit')
  return {
    database,
    entries: new PostgresEntryStore(await testSeals()),
    tree: new PostgresTreeStore(),
    close: () => database.close().then(drop),
  }
}

const logKeys = generateKeyPair()
const witnessKeys = generateKeyPair()
const log = readVkey(vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(logKeys.publicKey)))
const witnessKey = readVkey(vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witnessKeys.publicKey)))
const policy = { log, witnesses: [witnessKey], quorum: 1 }

function facts(): EntryFacts {
  const head = { id: uuidv7(), source: '/hms-svc/linter', type: 'hms.lint.passed.v1', topic: 'hms.lint.v1', key: 'ozone', keySeq: 1 }
  return factsOf({
    ...head,
    time: '2026-01-01T00:00:00.000Z',
    runId: '1',
    data: {},
    envelope: { payload: 'e30=', payloadType: 'x', signatures: [] },
  })
}

describe.each([
  ['memory', openMemory],
  ['PostgreSQL', openPostgres],
] as const)('the transparency log in %s', (_name, open) => {
  let stores: Stores
  let announced: LoggedApproval[]
  let seen: MemorySeenStore
  let witness: WitnessLink
  beforeEach(async () => {
    stores = await open()
    announced = []
    seen = new MemorySeenStore()
    witness = new Witness(witnessKey, localSigner(witnessKeys.privateKey), () => [log], seen, new VirtualClock())
  })
  afterEach(() => stores.close())

  const approve = async (version: string): Promise<void> => {
    const releases = [{ id: 'ozone', version, digest: `sha256:${version}` }]
    await stores.database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      await stores.entries.append(tx, { ...facts(), v: 2, releases: new ApprovalTree(releases).root }, { releases })
      await stores.entries.sequence(tx, 1)
    })
  }
  const append = async (count: number): Promise<void> => {
    await stores.database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      for (let index = 0; index < count; index++) await stores.entries.append(tx, facts())
      expect(await stores.entries.sequence(tx, count)).toMatchObject({ added: count })
    })
  }
  const sequencer = (witnesses: readonly WitnessLink[] = [witness], keysOf?: () => { policy: LogPolicy; signer: Signer }): Sequencer => {
    const clock = new VirtualClock()
    return new Sequencer({
      database: stores.database,
      tree: stores.tree,
      policy: () => keysOf?.().policy ?? policy,
      clock,
      log: silentLogger,
      keys: async () => ({ signer: keysOf?.().signer ?? localSigner(logKeys.privateKey), witnesses }),
      announce: async (_tx, proof) => void announced.push(proof),
      lag: new CheckpointLag(new Metrics(), clock, silentLogger),
      suspended: new SuspendedWitnesses(clock, silentLogger, new Metrics()),
    })
  }
  const published = async (by: LogPolicy = policy) => {
    const latest = await stores.database.transaction((tx) => stores.tree.latest(tx))
    return latest === undefined ? undefined : verifyCheckpoint(latest.note, by)
  }
  /** Recomputes the tree from the entries, as any client can. */
  const recomputed = async (): Promise<HashTree> => {
    const tree = new HashTree()
    await stores.database.transaction(async (tx) => {
      for (const entry of await stores.tree.entries(tx, 0, await stores.tree.size(tx))) tree.append(leafHash(Buffer.from(entry)))
    })
    return tree
  }

  it('publishes witnessed checkpoints of a growing tree, across tile boundaries', async () => {
    const publisher = sequencer()
    expect(await publisher.publish()).toBe(false)
    for (const count of [1, 1, 3, 1, 249, 1, 1, 260]) {
      await append(count)
      expect(await publisher.publish()).toBe(true)
      const tree = await recomputed()
      expect(await published()).toMatchObject({ size: tree.size, root: tree.root() })
    }
    expect(await publisher.publish()).toBe(false)
    expect(publisher.halted).toBeUndefined()
  })

  it('returns the proofs of a tree recomputed from the entries', async () => {
    await append(530)
    await sequencer().publish()
    const tree = await recomputed()
    await stores.database.transaction(async (tx) => {
      for (const [index, size] of [
        [0, 1],
        [0, 530],
        [255, 256],
        [256, 530],
        [511, 513],
        [529, 530],
      ] as const) {
        expect(await inclusionProof(stores.tree, tx, index, size)).toEqual(tree.inclusion(index, size))
        expect(await consistencyProof(stores.tree, tx, index + 1, size)).toEqual(tree.consistency(index + 1, size))
      }
    })
  })

  it('announces the proof of a release once, with the first published checkpoint that covers it', async () => {
    await append(2)
    await approve('1.0.0')
    const away = { key: witnessKey, addCheckpoint: () => Promise.reject(new Error('away')) }
    await sequencer([away]).publish()
    expect(announced).toEqual([])
    const publisher = sequencer()
    await publisher.publish()
    await append(1)
    await publisher.publish()
    await approve('2.0.0')
    await approve('3.0.0')
    await publisher.publish()
    expect(announced.map(({ releases }) => releases[0]!.version)).toEqual(['1.0.0', '2.0.0', '3.0.0'])
    for (const { releases, entry, proof } of announced) {
      expect(verifyTlogProof(Buffer.from(entry), proof, [policy]).witnessedAt).toEqual(expect.any(Number))
      const named = releases.map(({ policy: id, version, digest }) => ({ id, version, digest }))
      expect(JSON.parse(entry)).toMatchObject({ releases: new ApprovalTree(named).root })
    }
  })

  it('republishes an unchanged tree once when the roster changes the log key, and then proves releases by the new key', async () => {
    const renewed = generateKeyPair()
    let keys = { policy: policy as LogPolicy, signer: localSigner(logKeys.privateKey) }
    const newPolicy = { ...policy, log: readVkey(vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(renewed.publicKey))) }
    witness = new Witness(witnessKey, localSigner(witnessKeys.privateKey), () => [keys.policy.log], seen, new VirtualClock())
    const publisher = sequencer([witness], () => keys)
    await append(2)
    await approve('1.0.0')
    await publisher.publish()
    keys = { policy: newPolicy, signer: localSigner(renewed.privateKey) }
    expect(await publisher.publish()).toBe(true)
    expect(await published(newPolicy)).toMatchObject({ size: 3 })
    expect(await publisher.publish()).toBe(false)
    // A later start finds that the tree already has its checkpoint.
    const latest = await stores.database.transaction((tx) => stores.tree.latest(tx))
    expect(await sequencer([witness], () => keys).publish()).toBe(true)
    expect(await stores.database.transaction((tx) => stores.tree.latest(tx))).toEqual(latest)
    await approve('2.0.0')
    await publisher.publish()
    expect(announced.map(({ releases }) => releases[0]!.version)).toEqual(['1.0.0', '2.0.0'])
    const judged = [policy, newPolicy].map((by) =>
      announced.map(({ entry, proof }) => {
        try {
          return verifyTlogProof(Buffer.from(entry), proof, [by]).size
        } catch (error) {
          return (error as { code: string }).code
        }
      }),
    )
    expect(judged).toEqual([
      [3, 'HMS_CHECKPOINT_INVALID'],
      ['HMS_CHECKPOINT_INVALID', 4],
    ])
  })

  it('counts each witness of the roster once for a quorum, and no other witness', async () => {
    await append(1)
    const keys = generateKeyPair()
    const otherKey = readVkey(vkeyOf('example.org/other', NOTE_COSIGNATURE, rawPublicKey(keys.publicKey)))
    const other = new Witness(otherKey, localSigner(keys.privateKey), () => [log], new MemorySeenStore(), new VirtualClock())
    const by = (witnesses: LogPolicy['witnesses'], quorum: number) => () => ({
      policy: { log, witnesses, quorum },
      signer: localSigner(logKeys.privateKey),
    })
    expect(await sequencer([witness, witness], by([witnessKey, otherKey], 2)).publish()).toBe(false)
    expect(await sequencer([witness], by([otherKey], 1)).publish()).toBe(false)
    expect(await published()).toBeUndefined()
    expect(await sequencer([witness, witness, other], by([witnessKey, otherKey], 2)).publish()).toBe(true)
  })

  it('publishes nothing without a witness, and resumes when a witness is back', async () => {
    await append(3)
    const away = { key: witnessKey, addCheckpoint: () => Promise.reject(new Error('away')) }
    expect(await sequencer([away]).publish()).toBe(false)
    expect(await published()).toBeUndefined()
    expect(await sequencer().publish()).toBe(true)
  })

  it("continues from a witness's size after a crash between its signature and the publication", async () => {
    await append(3)
    await sequencer().publish()
    await append(2)
    await seen.set(log.name, { size: 5, root: (await recomputed()).root() })
    await append(4)
    expect(await sequencer().publish()).toBe(true)
    expect(await published()).toMatchObject({ size: 9 })
  })

  it('suspends a witness that reports a larger log, and halts on proof of one: the log was restored from a backup', async () => {
    await append(3)
    await sequencer().publish()
    await seen.set(log.name, { size: 7, root: Buffer.alloc(32, 1) })
    const restored = sequencer()
    expect(await restored.publish()).toBe(false)
    expect([restored.halted, restored.concerns]).toEqual([
      undefined,
      [expect.stringContaining('example.org/witness is suspended: a witness saw 7 entries, and the log has 3')],
    ])
    const shown = formatCheckpoint({ origin: log.name, size: 7, root: Buffer.alloc(32, 1) })
    await seen.set(log.name, { size: 7, root: Buffer.alloc(32, 1), note: await signNote(shown, log, localSigner(logKeys.privateKey)) })
    const proven = sequencer()
    expect(await proven.publish()).toBe(false)
    expect(proven.halted).toContain('restored from a backup')
  })

  it('halts if its database has lost a checkpoint that this process saw published', async () => {
    await append(3)
    const publisher = sequencer()
    const { latest } = stores.tree
    expect(await publisher.publish()).toBe(true)
    expect(await publisher.publish()).toBe(false)
    stores.tree.latest = async () => undefined
    expect(await publisher.publish()).toBe(false)
    expect(publisher.halted).toContain('one of 3 was published')
    stores.tree.latest = latest
  })

  it('halts when a witness proves other entries', async () => {
    await append(3)
    await sequencer().publish()
    const other = formatCheckpoint({ origin: log.name, size: 3, root: Buffer.alloc(32, 1) })
    await seen.set(log.name, { size: 3, root: Buffer.alloc(32, 1), note: await signNote(other, log, localSigner(logKeys.privateKey)) })
    await append(2)
    const forked = sequencer()
    expect(await forked.publish()).toBe(false)
    expect(forked.halted).toContain('another history')
  })
})
