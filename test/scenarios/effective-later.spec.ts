import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CoverageView, StreamFrame } from '#libs/contracts'
import { openConnection } from '../../libs/client/src/connection/connect.js'
import type { Clock } from '../../libs/client/src/clock.js'
import type { LiveConnection } from '../../libs/client/src/connection/live-connection.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { scratchFolder } from '../support/processes.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0, share: 10_000 }
const HOUR_MS = 3_600_000

describe('a rule that takes effect later', () => {
  const scratch = scratchFolder()
  let system: MemorySystem
  let press: PipelineDriver
  let bot: LiveConnection
  let clock: Clock
  let at: number
  const seen: string[] = []

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    at = system.clock.now().getTime() + HOUR_MS
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
    const run = await live(['pm25@2.0.0=25'], later())
    expect((await press.show(run)).stages.find(({ stage }) => stage === 'canary')?.detail).toContain('1 of 1 bot acknowledged')
    expect([bot.get('pm25')['limit'], await press.limit('pm25'), seen]).toEqual([35, 35, []])
    expect(await press.provenance('pm25')).toMatchObject({ run: run - 1 })
    expect(await coverage()).toMatchObject({ total: 1, current: 1, lagging: [] })
    system.clock.advanceTo(at - 1)
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([35, 35])
    system.clock.advanceTo(at)
    expect([bot.get('pm25')['limit'], bot.explain('pm25').version, await press.limit('pm25'), seen]).toEqual([
      25,
      '2.0.0',
      25,
      ['pm25 2.0.0'],
    ])
    expect(await press.provenance('pm25')).toMatchObject({ run, approvedBy: ['EPA Chief'] })
    await until(async () => (await coverage()).current === 1)
  })

  it('is on disk: a bot that restarts without a server comes to live by it', async () => {
    await live(['pm25@2.0.0=25'], later())
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

  it('is taken back by a rollback to what is in force', async () => {
    await live(['pm25@2.0.0=25'], later())
    expect(await rollBack('1.0.0')).toMatchObject({ version: '1.0.0', from: '2.0.0' })
    await system.settle()
    system.clock.advanceTo(at + 1)
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([35, 35])
    await expect(rollBack('1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_ALREADY_LIVE' })
  })

  it('is held again when that rollback is taken back before its time', async () => {
    await live(['pm25@2.0.0=25'], later())
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
    system.clock.advanceTo(at + 1)
    expect(await rollBack('1.0.0')).toMatchObject({ version: '1.0.0', from: '2.0.0' })
    await until(async () => bot.get('pm25')['limit'] === 35)
    await expect(rollBack('1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_ALREADY_LIVE' })
  })

  it('gives way to a newer one that is in force before it', async () => {
    await live(['pm25@2.0.0=25'], later())
    await live(['pm25@3.0.0=20'])
    await until(async () => bot.get('pm25')['limit'] === 20)
    system.clock.advanceTo(at + 1)
    expect([bot.get('pm25')['limit'], await press.limit('pm25')]).toEqual([20, 20])
  })

  it('is not replaced by one that begins after it: that one waits behind it', async () => {
    await live(['pm25@2.0.0=25'], later())
    const last = { effective: new Date(at + HOUR_MS).toISOString() }
    await expect(press.approve(['pm25@3.0.0=20'], AT_ONCE, last)).rejects.toMatchObject({ code: 'HMS_APPROVER_RELEASE_HELD', status: 409 })
    const waiting = await press.approve(['pm25@3.0.0=20'], AT_ONCE, { ...last, queue: true })
    await system.settle()
    system.clock.advanceTo(at - 1)
    await system.settle()
    expect(await press.show(waiting)).toMatchObject({ state: 'QUEUED' })
    await ends(waiting)
    expect([system.clock.now().getTime() >= at, await press.limit('pm25')]).toEqual([true, 25])
    system.clock.advanceTo(at + HOUR_MS)
    await until(async () => bot.get('pm25')['limit'] === 20)
  })

  it('flips a bundle whole, each policy at its own time', async () => {
    await live(['pm25@2.0.0=25', 'ozone@1.0.0=70'], later())
    expect(bot.ids()).toEqual(['pm25'])
    expect(() => bot.get('ozone')).toThrow('no version of ozone is in force here')
    system.clock.advanceTo(at)
    expect([bot.get('pm25')['limit'], bot.get('ozone')['limit'], seen]).toEqual([25, 70, ['pm25 2.0.0', 'ozone 1.0.0']])
  })

  it('travels in the snapshot', async () => {
    await live(['pm25@2.0.0=25'], later())
    const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
    expect(documents.find(({ scope }) => scope === 'global')).toMatchObject({ version: '1.0.0', next: { release: {} } })
  })

  function later(): { effective: string } {
    return { effective: new Date(at).toISOString() }
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
      2 * HOUR_MS,
    )
    expect(await press.show(run)).toMatchObject({ state: 'SUCCEEDED' })
    await system.settle()
  }

  function follow(): Promise<LiveConnection> {
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
