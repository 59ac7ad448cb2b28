import { afterEach, describe, expect, it } from 'vitest'
import { MemoryDatabase, type Database } from '#libs/persistence'
import { Metrics, silentLogger, uuidv7, VirtualClock, type Logger } from '#libs/platform'
import { cosign, generateKeyPair, localSigner, openNote, verifyCheckpoint } from '#libs/signing'
import { HttpWitness, MemorySeenStore, Witness, type WitnessLink } from '#libs/witness'
import { CheckpointLag } from '../../apps/audit/src/log/checkpoint-lag.js'
import { Sequencer } from '../../apps/audit/src/log/sequencer.js'
import { MemoryTreeStore } from '../../apps/audit/src/log/tree.store.memory.js'
import { factsOf, type EntryFacts } from '../../apps/audit/src/entries/entry.js'
import { LOG_LOCK } from '../../apps/audit/src/entries/entry.store.js'
import { MemoryEntryStore } from '../../apps/audit/src/entries/entry.store.memory.js'
import { createWitnessServer } from '../../apps/witness/src/witness-server.js'
import { LOG_POLICY, LOG_SIGNER, WITNESS_SIGNER } from '../support/test-log.js'

const KEY = LOG_POLICY.witnesses[0]!

/** An instance of audit with a database of its own. */
class Instance {
  readonly clock = new VirtualClock()
  readonly metrics = new Metrics()
  readonly alarms: string[] = []
  readonly sequencer: Sequencer
  private readonly database: Database = new MemoryDatabase(this.clock)
  private readonly tree = new MemoryTreeStore()
  private readonly entries = new MemoryEntryStore()

  constructor(witnesses: readonly WitnessLink[], policy = LOG_POLICY) {
    const say = (fields: object): void => void this.alarms.push((fields as { alarm?: string }).alarm ?? '')
    const log = { ...silentLogger, error: say } as Logger
    const lag = new CheckpointLag(this.metrics, this.clock, log)
    this.sequencer = new Sequencer({ database: this.database, tree: this.tree, policy: () => policy, keys: async () => ({ signer: LOG_SIGNER, witnesses }), clock: this.clock, log, announce: async () => {}, lag })
  }

  async append(facts: readonly EntryFacts[]): Promise<this> {
    await this.database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      for (const each of facts) await this.entries.take(tx, each)
      await this.entries.place(tx, facts.length)
    })
    return this
  }

  latest(): Promise<string | undefined> {
    return this.database.transaction(async (tx) => (await this.tree.latest(tx))?.note)
  }

  async lag(): Promise<number | undefined> {
    return (await this.metrics.checkpointLag.get()).values[0]?.value
  }
}

function facts(count: number): EntryFacts[] {
  return Array.from({ length: count }, () => {
    const head = { id: uuidv7(), source: '/hms-svc/linter', type: 'hms.lint.passed.v1', topic: 'hms.lint.v1', key: 'ozone', keySeq: 1 }
    return factsOf({ ...head, time: '2026-01-01T00:00:00.000Z', runId: '1', data: {}, envelope: { payload: 'e30=', payloadType: 'x', signatures: [] } })
  })
}

const cleanup: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0)) await step()
})

const inProcess = async (): Promise<WitnessLink> => new Witness(KEY, WITNESS_SIGNER, () => [LOG_POLICY.log], new MemorySeenStore(), new VirtualClock())
const behindHttp = async (): Promise<WitnessLink> => {
  const server = createWitnessServer(await inProcess(), silentLogger)
  cleanup.push(() => server.close())
  return new HttpWitness(KEY, await server.listen({ port: 0, host: '127.0.0.1' }))
}

describe.each([
  ['in its process', inProcess],
  ['behind HTTP', behindHttp],
])('a log with its witness %s', (_where, open) => {
  it('that was restored from a backup halts at its start, before it has told a second history', async () => {
    const witness = await open()
    const all = facts(7)
    const before = await new Instance([witness]).append(all)
    expect(await before.sequencer.publish()).toBe(true)
    const restored = await new Instance([witness]).append(all.slice(0, 3))
    expect(await restored.sequencer.publish()).toBe(false)
    expect(restored.sequencer.halted).toContain('a witness saw 7 entries, and the log has 3: it was restored from a backup')
    expect(restored.alarms).toEqual(['audit_forked'])
    expect(await restored.latest()).toBeUndefined()
  })

  it.each([
    ['as long as what was seen', 4],
    ['longer', 6],
    ['much longer', 300],
  ])('that went on from a backup until it was %s halts too', async (_what, more) => {
    const witness = await open()
    const all = facts(7)
    expect(await (await new Instance([witness]).append(all)).sequencer.publish()).toBe(true)
    const restored = await new Instance([witness]).append([...all.slice(0, 3), ...facts(more)])
    expect(await restored.sequencer.publish()).toBe(false)
    expect(restored.sequencer.halted).toContain('a witness saw another history')
    expect(await restored.latest()).toBeUndefined()
    await restored.append(facts(5))
    expect(await restored.sequencer.publish()).toBe(false)
  })

  it('of two databases keeps the one that its witness saw first', async () => {
    const witness = await open()
    const [first, second] = [await new Instance([witness]).append(facts(5)), await new Instance([witness]).append(facts(5))]
    expect([await first.sequencer.publish(), await second.sequencer.publish()]).toEqual([true, false])
    expect([first.sequencer.halted, second.sequencer.halted]).toEqual([undefined, expect.stringContaining('another history')])
    expect(await (await first.append(facts(1))).sequencer.publish()).toBe(true)
  })
})

describe('what a witness answers', () => {
  it.each<[string, (note: string) => Promise<string>]>([
    ['a signature of a stranger', (note) => cosign(openNote(note).body, 1, KEY, localSigner(generateKeyPair().privateKey))],
    ['a signature over another checkpoint', () => cosign('example.org/log\n9\nAAAA\n', 1, KEY, WITNESS_SIGNER)],
    ['a signature under another name', (note) => cosign(openNote(note).body, 1, { ...KEY, name: 'example.org/other' }, WITNESS_SIGNER)],
    ['the log’s own line', async (note) => `${note.trimEnd().split('\n').at(-1)}\n`],
    ['no line at all', async () => 'ok'],
  ])('counts for nothing when it is %s', async (_what, answer) => {
    const liar: WitnessLink = { key: KEY, addCheckpoint: async (text) => ({ status: 200, body: await answer(text.slice(text.indexOf('\n\n') + 2)) }) }
    const log = await new Instance([liar]).append(facts(3))
    expect(await log.sequencer.publish()).toBe(false)
    expect(await log.latest()).toBeUndefined()
    expect(log.sequencer.halted).toBeUndefined()
  })

  it('brings its own line alone into the log', async () => {
    const witness = await inProcess()
    const chatty: WitnessLink = { key: KEY, addCheckpoint: async (text) => ({ status: 200, body: `— example.org/other AAAAAAAA\n${(await witness.addCheckpoint(text)).body}\nmore\n` }) }
    const log = await new Instance([chatty]).append(facts(3))
    expect(await log.sequencer.publish()).toBe(true)
    expect((await log.latest())!.split('\n').filter((line) => line.startsWith('— '))).toHaveLength(2)
    expect(verifyCheckpoint((await log.latest())!, LOG_POLICY)).toMatchObject({ size: 3 })
  })

  it('is not waited for when a quorum has signed', async () => {
    const hanging: WitnessLink = { key: { ...KEY, name: 'example.org/hanging' }, addCheckpoint: () => new Promise(() => {}) }
    const log = await new Instance([hanging, await inProcess()], { ...LOG_POLICY, witnesses: [hanging.key, KEY] }).append(facts(3))
    expect(await log.sequencer.publish()).toBe(true)
    const both = await new Instance([await inProcess()], { ...LOG_POLICY, quorum: 2 }).append(facts(3))
    expect(await both.sequencer.publish()).toBe(false)
  })
})

describe('a log whose witness is away', () => {
  it('shows how far it is behind, sounds an alarm after half a minute, and says when it is over', async () => {
    const witness = await inProcess()
    let away = true
    const link: WitnessLink = { key: KEY, addCheckpoint: (text) => (away ? Promise.reject(new Error('away')) : witness.addCheckpoint(text)) }
    const log = await new Instance([link]).append(facts(3))
    const after = async (ms: number) => {
      log.clock.advanceTo(log.clock.now().getTime() + ms)
      return log.sequencer.publish()
    }
    expect([await after(0), await log.lag(), log.alarms]).toEqual([false, 3, []])
    expect([await after(29_000), log.alarms]).toEqual([false, []])
    expect([await after(2_000), await after(60_000), log.alarms]).toEqual([false, false, ['audit_unwitnessed']])
    away = false
    expect([await after(1_000), await log.lag(), log.alarms]).toEqual([true, 0, ['audit_unwitnessed']])
  })
})
