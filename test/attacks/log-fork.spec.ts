import { afterEach, describe, expect, it } from 'vitest'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { cosign, generateKeyPair, localSigner, openNote, verifyCheckpoint, type LogPolicy } from '#libs/signing'
import { HttpWitness, Witness, type WitnessLink } from '#libs/witness'
import { MemorySeenStore } from '#libs/witness/testing'
import { createWitnessServer } from '../../apps/witness/src/witness-server.js'
import { entryFacts as facts, LogInstance as Instance, witnessNamed } from '../support/log-instance.js'
import { LOG_POLICY, WITNESS_SIGNER } from '../support/test-log.js'

const KEY = LOG_POLICY.witnesses[0]!

const cleanup: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of cleanup.splice(0)) await step()
})

const inProcess = async (): Promise<WitnessLink> =>
  new Witness(KEY, WITNESS_SIGNER, () => [LOG_POLICY.log], new MemorySeenStore(), new VirtualClock())
const behindHttp = async (): Promise<WitnessLink> => {
  const server = createWitnessServer(await inProcess(), silentLogger)
  cleanup.push(() => server.close())
  return new HttpWitness(KEY, await server.listen({ port: 0, host: '127.0.0.1' }))
}

describe.each([
  ['in its process', inProcess],
  ['behind HTTP', behindHttp],
])('a log with its witness %s', (_where, open) => {
  it('that was restored from a backup halts at startup, before it publishes a second history', async () => {
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
  ])('that continued from a backup until it was %s halts too', async (_what, more) => {
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

describe('the response of a witness', () => {
  it.each<[string, (note: string) => Promise<string>]>([
    ['a signature of a stranger', (note) => cosign(openNote(note).body, 1, KEY, localSigner(generateKeyPair().privateKey))],
    ['a signature over another checkpoint', () => cosign('example.org/log\n9\nAAAA\n', 1, KEY, WITNESS_SIGNER)],
    ['a signature under another name', (note) => cosign(openNote(note).body, 1, { ...KEY, name: 'example.org/other' }, WITNESS_SIGNER)],
    ['the log’s own line', async (note) => `${note.trimEnd().split('\n').at(-1)}\n`],
    ['no line at all', async () => 'ok'],
  ])('counts for nothing when it is %s', async (_what, answer) => {
    const liar: WitnessLink = {
      key: KEY,
      addCheckpoint: async (text) => ({ status: 200, body: await answer(text.slice(text.indexOf('\n\n') + 2)) }),
    }
    const log = await new Instance([liar]).append(facts(3))
    expect(await log.sequencer.publish()).toBe(false)
    expect(await log.latest()).toBeUndefined()
    expect(log.sequencer.halted).toBeUndefined()
  })

  it('adds its own line alone to the log', async () => {
    const witness = await inProcess()
    const chatty: WitnessLink = {
      key: KEY,
      addCheckpoint: async (text) => ({
        status: 200,
        body: `— example.org/other AAAAAAAA\n${(await witness.addCheckpoint(text)).body}\nmore\n`,
      }),
    }
    const log = await new Instance([chatty]).append(facts(3))
    expect(await log.sequencer.publish()).toBe(true)
    expect((await log.latest())!.split('\n').filter((line) => line.startsWith('— '))).toHaveLength(2)
    expect(verifyCheckpoint((await log.latest())!, LOG_POLICY)).toMatchObject({ size: 3 })
  })

  it('is not waited for when a quorum has signed', async () => {
    const hanging: WitnessLink = { key: { ...KEY, name: 'example.org/hanging' }, addCheckpoint: () => new Promise(() => {}) }
    const [second, third] = [witnessNamed('example.org/second'), witnessNamed('example.org/third')]
    const log = await new Instance([hanging, second, third], {
      ...LOG_POLICY,
      witnesses: [hanging.key, second.key, third.key],
      quorum: 2,
    }).append(facts(3))
    expect(await log.sequencer.publish()).toBe(true)
    const both = await new Instance([await inProcess()], { ...LOG_POLICY, quorum: 2 }).append(facts(3))
    expect(await both.sequencer.publish()).toBe(false)
  })
})

describe('a log whose witness shows nothing of what it signed', () => {
  it.each([0, 4, 6, 300])(
    'stays suspended after a restore from a backup and %i more entries, and publishes no second history',
    async (more) => {
      const witness = await inProcess()
      const silent: WitnessLink = { key: KEY, addCheckpoint: (text) => witness.addCheckpoint(text) }
      const all = facts(7)
      expect(await (await new Instance([silent]).append(all)).sequencer.publish()).toBe(true)
      const restored = await new Instance([silent]).append([...all.slice(0, 3), ...facts(more)])
      for (let round = 0; round < 20; round++) {
        expect(await restored.publishAfter(30_000)).toBe(false)
        await restored.append(facts(1))
      }
      expect([restored.sequencer.halted, await restored.latest()]).toEqual([undefined, undefined])
      expect(restored.sequencer.concerns[0]).toContain('is suspended')
      const mended = await new Instance([silent]).append(all)
      expect(await mended.sequencer.publish()).toBe(true)
    },
  )
})

describe('a quorum of half of the witnesses or fewer', () => {
  const witnesses = (): Witness[] => [witnessNamed('example.org/current'), witnessNamed('example.org/left-behind')]
  const policyOf = (all: readonly WitnessLink[]): LogPolicy => ({ ...LOG_POLICY, witnesses: all.map(({ key }) => key), quorum: 1 })

  it('does not let a witness that was left behind sign a second history that another can prove', async () => {
    const [current, behind] = witnesses()
    const policy = policyOf([current!, behind!])
    const all = facts(7)
    for (const [count, asked] of [
      [3, [current!, behind!]],
      [7, [current!]],
    ] as const) {
      await (await new Instance(asked, { ...policy, quorum: asked.length }).append(all.slice(0, count))).sequencer.publish()
    }
    const slow: WitnessLink = {
      key: current!.key,
      addCheckpoint: (text) => new Promise((resolve) => setImmediate(() => resolve(current!.addCheckpoint(text)))),
      newestCheckpoint: (origin) => current!.newestCheckpoint(origin),
    }
    const restored = await new Instance([slow, behind!], policy).append([...all.slice(0, 3), ...facts(1)])
    expect(await restored.sequencer.publish()).toBe(false)
    expect(restored.sequencer.halted).toContain('restored from a backup')
    expect(await restored.latest()).toBeUndefined()
  })

  it('waits for the others five seconds at most, and the first time only', async () => {
    const [one] = witnesses()
    const hanging: WitnessLink = { key: KEY, addCheckpoint: () => new Promise(() => {}) }
    const log = await new Instance([hanging, one!], policyOf([hanging, one!])).append(facts(3))
    const first = log.sequencer.publish()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await log.latest()).toBeUndefined()
    log.clock.advanceTo(log.clock.now().getTime() + 5_000)
    expect(await first).toBe(true)
    expect(await (await log.append(facts(1))).sequencer.publish()).toBe(true)
  })
})

describe('a log whose witness is down', () => {
  it('shows how far it is behind, raises an alarm after half a minute, and reports its end', async () => {
    const witness = await inProcess()
    let away = true
    const link: WitnessLink = {
      key: KEY,
      addCheckpoint: (text) => (away ? Promise.reject(new Error('away')) : witness.addCheckpoint(text)),
    }
    const log = await new Instance([link]).append(facts(3))
    const after = async (ms: number) => {
      log.clock.advanceTo(log.clock.now().getTime() + ms)
      return log.sequencer.publish()
    }
    expect([await after(0), await log.gauge('checkpoint_lag_entries'), log.alarms]).toEqual([false, 3, []])
    expect([await after(29_000), log.alarms]).toEqual([false, []])
    expect([await after(2_000), await after(60_000), log.alarms]).toEqual([false, false, ['audit_unwitnessed']])
    away = false
    expect([await after(1_000), await log.gauge('checkpoint_lag_entries'), log.alarms]).toEqual([true, 0, ['audit_unwitnessed']])
  })
})
