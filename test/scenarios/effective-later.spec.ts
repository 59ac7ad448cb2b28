import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CoverageView, StreamFrame } from '#libs/contracts'
import { openConnection } from '../../libs/client/src/connection/connect.js'
import type { Clock } from '../../libs/client/src/clock.js'
import type { ReaderSession } from '../../libs/client/src/connection/reader-session.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { scratchFolder } from '../support/processes.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0, share: 10_000 }
const LATER_MS = 60_000

describe('a rule that takes effect later', () => {
  const scratch = scratchFolder()
  let system: MemorySystem
  let press: PipelineDriver
  let bot: ReaderSession
  let clock: Clock
  let at: number
  const seen: string[] = []

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    at = system.clock.now().getTime() + LATER_MS
    await live(['pm25@1.0.0=35'])
    const now = (): number => system.clock.now().getTime()
    clock = { now, elapsed: now, after: (ms, task) => ({ cancel: system.clock.after(ms, task) }) }
    bot = await follow()
    seen.length = 0
    bot.on('change', ({ id, to }) => seen.push(`${id} ${to}`))
    bot.on('error', (error) => seen.push(error.message))
  })

  afterEach(async () => {
    await bot.close()
    await system.stop()
    scratch.remove()
  })

  it('is held and acknowledged before its time, and in force at it everywhere', async () => {
    const run = await held(['pm25@2.0.0=25'], later())
    expect(await detailOf(run, 'canary')).toContain('1 of 1 bot acknowledged')
    expect(await detailOf(run, 'rollout')).toContain(`; held until ${new Date(at).toISOString()}`)
    expect([bot.get('pm25')['limit'], await press.limit('pm25'), seen]).toEqual([35, 35, []])
    expect(await press.provenance('pm25')).toMatchObject({ run: run - 1 })
    expect(await coverage()).toMatchObject({ total: 1, current: 1, lagging: [] })
    await almostThere()
    expect([bot.get('pm25')['limit'], await press.limit('pm25'), (await press.show(run)).state]).toEqual([35, 35, 'WAITING'])
    system.clock.advanceTo(at)
    expect([bot.get('pm25')['limit'], bot.explain('pm25').version, await press.limit('pm25'), seen]).toEqual([
      25,
      '2.0.0',
      25,
      ['pm25 2.0.0'],
    ])
    expect(await press.provenance('pm25')).toMatchObject({ run, approvedBy: ['EPA Chief'] })
    await until(async () => (await coverage()).current === 1)
    await ends(run)
    expect(await detailOf(run, 'rollout')).toBe(`1 of 1 bots acknowledged; in force since ${new Date(at).toISOString()}`)
  })

  it('is reported in force when no head was published for an hour', { timeout: 120_000 }, async () => {
    at = system.clock.now().getTime() + 60 * LATER_MS
    const run = await held(['pm25@2.0.0=25'], later())
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 62 * LATER_MS, LATER_MS / 2)
    expect(await detailOf(run, 'rollout')).toBe(`1 of 1 bots acknowledged; in force since ${new Date(at).toISOString()}`)
  })

  it('bakes after its time, and is rolled back when its cohort raises alerts then; earlier alerts do not count', async () => {
    const run = await held(['pm25@2.0.0=25'], later(), { ...AT_ONCE, bakeMs: LATER_MS })
    await alerts('before')
    await almostThere()
    expect((await press.show(run)).state).toBe('WAITING')
    await press.reaches(run, 'BAKING')
    expect(bot.get('pm25')['limit']).toBe(25)
    await alerts('after')
    await press.reaches(run, 'ROLLED_BACK')
    await until(async () => bot.get('pm25')['limit'] === 35)
  })

  it('is aborted before its time: it is withdrawn from all readers, and its policy is free', async () => {
    const run = await held(['pm25@2.0.0=25'], later())
    await expect(press.decide(run, 'pause')).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_NOT_NOW', status: 409 })
    expect(await press.decide(run, 'abort')).toMatchObject({ state: 'ABORTED' })
    await system.settle()
    expect((await press.api.get<StreamFrame>('/v1/snapshot')).documents.filter(({ next }) => next !== undefined)).toEqual([])
    await live(['pm25@3.0.0=20'])
    await press.passes(2 * LATER_MS)
    expect([bot.get('pm25')['limit'], await press.limit('pm25'), seen]).toEqual([20, 20, ['pm25 3.0.0']])
  })

  it('takes effect under a freeze too: only a rollback stops what readers hold', async () => {
    const run = await held(['pm25@2.0.0=25'], later())
    await press.freeze({ id: 'stop-the-line' })
    await ends(run)
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([25, 25])
  })

  it('is on disk: a bot that restarts without a server applies it at its time', async () => {
    await held(['pm25@2.0.0=25'], later())
    await bot.close()
    await system.stop()
    bot = await follow()
    expect(bot.explain('pm25')).toMatchObject({ version: '1.0.0', source: 'disk' })
    system.clock.advanceTo(at)
    expect(bot.get('pm25')['limit']).toBe(25)
    await bot.close()
    bot = await follow()
    expect(bot.get('pm25')['limit']).toBe(25)
  })

  it('is in force at once when the last approval comes after its time', async () => {
    await live(['pm25@2.0.0=25'], { effective: new Date(system.clock.now().getTime() - 1).toISOString() })
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([25, 25])
  })

  it('is withdrawn by a rollback to what is in force', async () => {
    const run = await held(['pm25@2.0.0=25'], later())
    expect(await rollBack('1.0.0')).toMatchObject({ version: '1.0.0', from: '2.0.0' })
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'ABORTED', reason: 'ROLLED_BACK' })
    system.clock.advanceTo(at + 1)
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([35, 35])
    await expect(rollBack('1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_ALREADY_LIVE' })
  })

  it('is held again when that rollback is reverted before its time', async () => {
    await held(['pm25@2.0.0=25'], later())
    await rollBack('1.0.0')
    await rollBack('2.0.0')
    await expect(rollBack('2.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_ALREADY_LIVE' })
    await system.settle()
    await until(async () => (await coverage()).current === 1)
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([35, 35])
    system.clock.advanceTo(at)
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([25, 25])
  })

  it('can be rolled back once it is in force, as any other', async () => {
    await live(['pm25@2.0.0=25'], later())
    expect(await rollBack('1.0.0')).toMatchObject({ version: '1.0.0', from: '2.0.0' })
    await until(async () => bot.get('pm25')['limit'] === 35)
    await expect(rollBack('1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_ALREADY_LIVE' })
  })

  it('gives way to a newer one that is in force before it, where no run has it any more', async () => {
    await held(['pm25@2.0.0=25'], later())
    await rollBack('1.0.0')
    await rollBack('2.0.0')
    await system.settle()
    await live(['pm25@3.0.0=20'])
    await until(async () => bot.get('pm25')['limit'] === 20)
    system.clock.advanceTo(at + 1)
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([20, 20])
  })

  it('blocks a newer one, which waits with --queue until it is in force and baked', async () => {
    const run = await held(['pm25@2.0.0=25'], later())
    const last = { effective: new Date(at + LATER_MS).toISOString() }
    await expect(press.approve(['pm25@3.0.0=20'], AT_ONCE, last)).rejects.toMatchObject({ code: 'HMS_APPROVER_RUN_ACTIVE', status: 409 })
    const waiting = await press.approve(['pm25@3.0.0=20'], AT_ONCE, { ...last, queue: true })
    await almostThere()
    expect([(await press.show(run)).state, (await press.show(waiting)).state]).toEqual(['WAITING', 'QUEUED'])
    await press.reaches(waiting, 'WAITING')
    expect([(await press.show(run)).state, system.clock.now().getTime() >= at, await press.limit('pm25')]).toEqual(['SUCCEEDED', true, 25])
    await ends(waiting)
    await until(async () => bot.get('pm25')['limit'] === 20)
    expect(system.clock.now().getTime()).toBeGreaterThanOrEqual(at + LATER_MS)
  })

  it('flips a bundle whole, each policy at its own time', async () => {
    await held(['pm25@2.0.0=25', 'ozone@1.0.0=70'], later())
    expect(bot.ids()).toEqual(['pm25'])
    expect(() => bot.get('ozone')).toThrow('no version of ozone is in force here')
    system.clock.advanceTo(at)
    expect([bot.get('pm25')['limit'], bot.get('ozone')['limit'], seen]).toEqual([25, 70, ['pm25 2.0.0', 'ozone 1.0.0']])
  })

  it('bakes for longer after its time where people extended it before, and comes into force no later', async () => {
    const run = await held(['pm25@2.0.0=25'], later())
    await press.decide(run, 'extend', 'EPA Chief', 'a holiday', LATER_MS)
    expect(await press.show(run)).toMatchObject({ state: 'WAITING', decisions: [{ decision: 'extend', outcome: 'applied' }] })
    await almostThere()
    await press.reaches(run, 'BAKING')
    expect(bot.get('pm25')['limit']).toBe(25)
    await press.passes(LATER_MS - 5_000)
    expect((await press.show(run)).state).toBe('BAKING')
    await ends(run)
  })

  it('travels in the snapshot', async () => {
    await held(['pm25@2.0.0=25'], later())
    const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
    expect(documents.find(({ scope }) => scope === 'global')).toMatchObject({ version: '1.0.0', next: { release: {} } })
  })

  function later(): { effective: string } {
    return { effective: new Date(at).toISOString() }
  }

  /** Approves, and moves time until all readers hold it. */
  async function held(policies: string[], options: { effective: string }, plan = AT_ONCE): Promise<number> {
    const run = await press.approve(policies, plan, options)
    await press.reaches(run, 'WAITING')
    expect(await press.show(run)).toMatchObject({ reason: 'EFFECTIVE_AT' })
    await system.settle()
    return run
  }

  /** To the last millisecond before its time. */
  async function almostThere(): Promise<void> {
    await press.passes(LATER_MS / 2)
    system.clock.advanceTo(at - 1)
    await system.settle()
  }

  /** Two bots of the cohort complain, and no scenario expects it. */
  async function alerts(name: string): Promise<void> {
    for (const who of ['bot-1', 'bot-2']) {
      const reading = { id: `${name}-${who}`, at: '2026-01-01T00:00:00Z', region: 'NCR', pm25: 5 }
      await press.api.post('/v1/alerts', { id: `${name}-${who}`, bot: who, region: 'NCR', kind: 'Violation', value: 5, reading })
    }
    await system.settle()
  }

  async function detailOf(run: number, name: string): Promise<string> {
    return (await press.show(run)).stages.find(({ stage }) => stage === name)!.detail
  }

  async function live(policies: string[], options: { effective?: string } = {}): Promise<number> {
    const run = await press.approve(policies, AT_ONCE, options)
    await ends(run)
    return run
  }

  /** The bot acknowledges by a socket: turns of the loop, not time, let it come. */
  async function ends(run: number): Promise<void> {
    await system.runUntil(
      async () => ['SUCCEEDED', 'FAILED', 'ABORTED', 'STALE', 'PAUSED', 'ROLLED_BACK'].includes((await press.show(run)).state),
      10 * LATER_MS,
    )
    expect(await press.show(run)).toMatchObject({ state: 'SUCCEEDED' })
    await system.settle()
  }

  function follow(): Promise<ReaderSession> {
    return openConnection(
      { url: system.url, bot: 'bot-1', region: 'NCR', cacheDir: scratch.path, roster: Buffer.from(JSON.stringify(system.roster.envelope)) },
      { clock },
    )
  }

  async function until(done: () => Promise<boolean>): Promise<void> {
    await system.runUntil(done, 60_000)
  }

  const coverage = (): Promise<CoverageView> => press.api.get<CoverageView>('/v1/coverage', { policy: 'pm25' })
  const rollBack = (version: string): Promise<unknown> => press.api.post('/v1/rollbacks', { policy: 'pm25', version })
})
