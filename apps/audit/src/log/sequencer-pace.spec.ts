import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger, uuidv7 } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import {
  generateKeyPair,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  readVkey,
  verifyCheckpoint,
  vkeyOf,
} from '#libs/signing'
import { Witness } from '#libs/witness'
import { MemorySeenStore } from '#libs/witness/testing'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { factsOf } from '../entries/entry.js'
import { LOG_LOCK } from '../entries/entry.store.js'
import { MemoryEntryStore } from '../testing/memory-entry-store.js'
import { CheckpointLag } from './checkpoint-lag.js'
import { Sequencer } from './sequencer.js'
import { SuspendedWitnesses } from './suspended-witnesses.js'
import { MemoryTreeStore } from '../testing/memory-tree-store.js'

const SECOND_MS = 1_000
const [logKeys, witnessKeys] = [generateKeyPair(), generateKeyPair()]
const log = readVkey(vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(logKeys.publicKey)))
const witnessKey = readVkey(vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witnessKeys.publicKey)))
const policy = { log, witnesses: [witnessKey], quorum: 1 }

interface Arrival {
  afterMs: number
  /** Whether this instance stored the entry, and so was notified of it; otherwise another instance did. */
  here: boolean
  /** Whether a run waits for its proof. */
  awaited?: boolean
}

/** Runs a sequencer on virtual time. Returns for each entry the time in ms from its commit to its published checkpoint. */
async function waits(arrivals: readonly Arrival[]): Promise<number[]> {
  const clock = new VirtualClock()
  const database = new MemoryDatabase(clock)
  const [entries, tree] = [new MemoryEntryStore(), new MemoryTreeStore()]
  const witness = new Witness(witnessKey, localSigner(witnessKeys.privateKey), () => [log], new MemorySeenStore(), clock)
  const lag = new CheckpointLag(new Metrics(), clock, silentLogger)
  const suspended = new SuspendedWitnesses(clock, silentLogger, new Metrics())
  const sequencer = new Sequencer({
    database,
    tree,
    policy: () => policy,
    keys: async () => ({ signer: localSigner(logKeys.privateKey), witnesses: [witness] }),
    clock,
    log: silentLogger,
    announce: async () => {},
    lag,
    suspended,
  })
  await sequencer.start()
  const written: number[] = []
  const published: number[] = []
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    const latest = await database.transaction((tx) => tree.latest(tx))
    const size = latest === undefined ? 0 : verifyCheckpoint(latest.note, policy).size
    while (published.length < size) published.push(clock.now().getTime())
  }
  const until = async (atMs: number): Promise<void> => {
    for (await settle(); (clock.nextAt() ?? Infinity) <= atMs; await settle()) clock.advanceTo(clock.nextAt()!)
    clock.advanceTo(atMs)
  }
  for (const { afterMs, here, awaited } of arrivals) {
    await until(clock.now().getTime() + afterMs)
    const head = {
      id: uuidv7(),
      source: '/hms-svc/rollout',
      type: 'hms.head.issued.v1',
      topic: 'hms.config.head.v1',
      key: 'ozone',
      keySeq: 1,
    }
    const event = {
      ...head,
      time: '2026-01-01T00:00:00.000Z',
      runId: '1',
      data: {},
      envelope: { payload: 'e30=', payloadType: 'x', signatures: [] },
    }
    await database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      await entries.append(tx, factsOf(event))
      await entries.sequence(tx, 1)
    })
    written.push(clock.now().getTime())
    if (here) sequencer.wake(awaited)
  }
  await until(clock.now().getTime() + 5 * SECOND_MS)
  sequencer.stop()
  return written.map((at, index) => (published[index] ?? Infinity) - at)
}

describe('an entry', () => {
  it('is in a published checkpoint within a second, and within 200 ms on the instance that stored it', async () => {
    const arrival = fc.record({ afterMs: fc.integer({ min: 0, max: 1_500 }), here: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { minLength: 1, maxLength: 12 }), async (arrivals) => {
        const waited = await waits(arrivals)
        expect(Math.max(...waited)).toBeLessThanOrEqual(SECOND_MS)
        for (const [index, { here }] of arrivals.entries()) if (here) expect(waited[index]).toBeLessThanOrEqual(200)
      }),
      { numRuns: 30 },
    )
  })

  it('is published immediately if a run awaits it, together with earlier entries', async () => {
    expect(
      await waits([
        { afterMs: 0, here: true },
        { afterMs: 100, here: true, awaited: true },
        { afterMs: 10, here: true },
        { afterMs: 10, here: true, awaited: true },
      ]),
    ).toEqual([100, 0, 10, 0])
  })

  it('shares its checkpoint with the other entries of its batch', async () => {
    expect(
      await waits([
        { afterMs: 0, here: true },
        { afterMs: 100, here: true },
        { afterMs: 99, here: true },
      ]),
    ).toEqual([200, 100, 1])
  })
})
