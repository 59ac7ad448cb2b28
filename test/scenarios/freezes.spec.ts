import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FreezeView } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const SLOWLY = { share: 10_000, scope: 'region:NCR', observeMs: 60_000, bakeMs: 1_000 }

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
})
afterEach(() => system.stop())

const detailOf = async (run: number, name: string): Promise<string> =>
  (await press.show(run)).stages.find(({ stage }) => stage === name)!.detail
const inMs = (ms: number): string => new Date(system.clock.now().getTime() + ms).toISOString()

describe('the stop switch', () => {
  it('blocks a run before its first head, gives the reason, and lets it continue when it is lifted', async () => {
    await press.freeze({ id: 'stop-the-line', reason: 'drill of the operators' })
    await system.settle()
    const run = await press.approve(['pm25@2.0.0=25'], AT_ONCE)
    await press.whenState(run, 'WAITING')
    expect(await press.show(run)).toMatchObject({ reason: 'FREEZE' })
    expect(await detailOf(run, 'canary')).toBe('waits for stop-the-line: drill of the operators')
    expect(await press.api.get(`/v1/canaries/${run}`)).toMatchObject({ state: 'waiting' })
    await press.passes(30 * 60_000)
    expect([(await press.show(run)).state, await press.limit('pm25')]).toEqual(['WAITING', 35])
    await press.lift('stop-the-line')
    await press.reaches(run, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(25)
  })

  it('lets everything go back: abort of what waits, rollback of what is live', async () => {
    await press.whenState(await press.approve(['pm25@2.0.0=25'], AT_ONCE), 'SUCCEEDED')
    await press.freeze({ id: 'stop-the-line' })
    await system.settle()
    const run = await press.approve(['pm25@3.0.0=20'], AT_ONCE)
    await press.whenState(run, 'WAITING')
    expect(await press.decide(run, 'abort')).toMatchObject({ state: 'ABORTED' })
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0', reason: 'drill' })
    await system.settle()
    expect(await press.limit('pm25')).toBe(35)
  })
})

describe('a freeze with times', () => {
  it('stops the clock of an observation that is under way, and the rest of it follows', async () => {
    const run = await press.approve(['pm25@2.0.0=25'], SLOWLY)
    await press.whenState(run, 'CANARY')
    await press.passes(20_000)
    await press.freeze({ id: 'drill', from: inMs(0), until: inMs(600_000) })
    await press.reaches(run, 'WAITING')
    await press.passes(300_000)
    expect((await press.show(run)).state).toBe('WAITING')
    await press.reaches(run, 'CANARY', 400_000)
    const resumedAt = system.clock.now().getTime()
    await press.reaches(run, 'SUCCEEDED')
    expect(system.clock.now().getTime() - resumedAt).toBeGreaterThan(35_000)
  })

  it('that begins after the canary has passed blocks the rollout to all readers', async () => {
    await press.freeze({ id: 'drill', scope: 'region:BOS', from: inMs(0), until: inMs(300_000) })
    await system.settle()
    const run = await press.approve(['pm25@2.0.0=25'], { ...SLOWLY, observeMs: 0 })
    await press.whenState(run, 'WAITING')
    expect(await detailOf(run, 'rollout')).toMatch(/^waits for drill until /)
    expect(await press.limit('pm25')).toBe(35)
    await press.reaches(run, 'SUCCEEDED', 400_000)
  })

  it('is shown with its state: coming, active, over, lifted', async () => {
    const states = async (): Promise<string[]> =>
      (await press.api.get<FreezeView[]>('/v1/freezes')).map(({ id, state }) => `${id} ${state}`)
    await press.freeze({ id: 'drill', from: inMs(60_000), until: inMs(120_000) })
    expect(await states()).toEqual(['drill COMING'])
    await press.passes(61_000)
    expect(await states()).toEqual(['drill ACTIVE'])
    await press.passes(61_000)
    expect(await states()).toEqual(['drill OVER'])
    await press.freeze({ id: 'drill' })
    await press.lift('drill', 'EPA Counsel')
    expect(await states()).toEqual(['drill LIFTED'])
  })
})

describe('a freeze that does not count', () => {
  it('is one of a person without a role, one with wrong times, one signed long ago', async () => {
    await expect(press.freeze({ id: 'drill', scope: 'everywhere' })).rejects.toMatchObject({ code: 'HMS_FREEZE_INVALID', status: 422 })
    await expect(press.freeze({ id: 'drill', from: inMs(1), until: inMs(0) })).rejects.toMatchObject({ code: 'HMS_FREEZE_INVALID' })
    await expect(press.freeze({ id: 'No Name' })).rejects.toMatchObject({ code: 'HMS_FREEZE_INVALID' })
    await expect(press.lift('drill')).rejects.toMatchObject({ code: 'HMS_FREEZE_NOT_FOUND', status: 404 })
  })

  it('cannot be lifted by what lifted the one before it', async () => {
    await press.freeze({ id: 'drill' })
    const { lifted } = await press.lift('drill').then(() => press.api.get<{ lifted: { statement: object } }>('/v1/freezes/drill'))
    await press.freeze({ id: 'drill', reason: 'again' })
    await expect(press.api.post('/v1/freezes/drill/lift', { statement: lifted.statement })).rejects.toMatchObject({
      code: 'HMS_FREEZE_OTHER',
      status: 409,
    })
  })
})
