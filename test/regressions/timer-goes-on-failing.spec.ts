import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isTerminal, type DeadLetterSummary, type ServiceName } from '#libs/contracts'
import { timerKind } from '#libs/persistence'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const QUICK = { observeMs: 0, bakeMs: 0 }
/** Far below the deadline of a stage: 15 minutes. */
const SOON_MS = 2 * 60_000
/** Nobody can reach it: the tests say what becomes of its deliveries. */
const PARTNER = {
  id: 'p',
  name: 'P',
  channels: [{ webhook: { url: 'https://partner.example/h', secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` } }],
}

/** A timer that threw was fired again every 0.3 s, for ever, and its run never ended. */
describe('a timer that keeps failing', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let calls: number
  beforeEach(async () => {
    system = await startMemorySystem({ HMS_APPROVER_APPROVAL_EXPIRY: '10m' })
    press = new PipelineDriver(system)
    calls = 0
  })
  afterEach(() => system.stop())

  const runtimeOf = (service: ServiceName) => system.host.runtimes.get(service)!
  const failing = async (): Promise<never> => {
    calls++
    throw new Error('no way on')
  }
  const ended = (run: number, withinMs = SOON_MS): Promise<void> =>
    system.runUntil(async () => isTerminal((await press.show(run)).state), withinMs)
  const letters = (service: ServiceName): Promise<DeadLetterSummary[]> => press.api.get(`/v1/dead-letters/${service}`, { state: 'waiting' })

  it.each<[ServiceName, string, 'timer' | 'work']>([
    ['simulator', 'simulate-replay', 'work'],
    ['canary-controller', 'canary-observe', 'timer'],
    ['rollout', 'rollout-bake', 'timer'],
    ['notifier', 'notify-deadline', 'timer'],
  ])('%s, %s: backs off, becomes a dead letter, and its run fails with the reason', async (service, kind, sort) => {
    // A stage that has no partner to tell ends without its timer.
    if (kind === 'notify-deadline') await press.api.post('/v1/partners', PARTNER)
    const runtime = runtimeOf(service)
    if (sort === 'work') runtime.timers.onWork(timerKind(kind), failing)
    else runtime.timers.on(timerKind(kind), failing)
    if (kind === 'notify-deadline') runtime.timers.onWork(timerKind('deliver'), async () => {})
    const run = await press.approve(['pm25@1.0.0=35'], QUICK)
    await ended(run)
    expect(await press.show(run)).toMatchObject({ state: 'FAILED', reason: 'POISONED' })
    expect(calls).toBe(7)
    const [letter] = await letters(service)
    expect(letter).toMatchObject({ topic: `timer:${kind}`, code: 'HMS_TIMER_FAILED', detail: 'no way on', run, tries: 7 })
    // Its policy is free for the next.
    expect(await press.approve(['pm25@1.1.0=34'], QUICK)).toBe(run + 1)
  })

  it('approver, which is no stage, ends the run directly', async () => {
    runtimeOf('approver').timers.on(timerKind('queue'), failing)
    const first = await press.approve(['pm25@1.0.0=35'], { observeMs: 30_000, bakeMs: 0 })
    const second = await press.approve(['pm25@1.1.0=34'], QUICK, { queue: true })
    await ended(first)
    await ended(second)
    expect(await press.show(first)).toMatchObject({ state: 'SUCCEEDED' })
    expect(await press.show(second)).toMatchObject({ state: 'FAILED', reason: 'POISONED' })
    expect(await letters('approver')).toMatchObject([{ topic: 'timer:queue', run: second }])
  })

  it('an approval that cannot expire is no longer listed as waiting', async () => {
    runtimeOf('approver').timers.on(timerKind('approval-expiry'), failing)
    const run = await press.approve(['pm25@1.0.0=35'], QUICK, { tags: ['critical'] })
    await ended(run, 15 * 60_000)
    expect(await press.show(run)).toMatchObject({ state: 'FAILED', reason: 'POISONED' })
    expect(await press.api.get('/v1/approvals')).toEqual([])
  })

  it('can be replayed once its cause is gone, and only once', async () => {
    const runtime = runtimeOf('rollout')
    runtime.timers.on(timerKind('rollout-bake'), failing)
    const run = await press.approve(['pm25@1.0.0=35'], QUICK)
    await ended(run)
    const [letter] = await letters('rollout')
    const replay = (): Promise<DeadLetterSummary> => press.api.post(`/v1/dead-letters/rollout/${letter!.id}/replay`, {})
    await expect(replay()).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_FAILED' })
    runtime.timers.on(timerKind('rollout-bake'), async () => {})
    expect(await replay()).toMatchObject({ state: 'replayed', closed: { reason: 'handled' } })
    await expect(replay()).rejects.toMatchObject({ code: 'HMS_DEAD_LETTER_CLOSED' })
  })

  it('a delivery that no try can send gives its lane free', async () => {
    await press.api.post('/v1/partners', PARTNER)
    runtimeOf('notifier').timers.onWork(timerKind('deliver'), failing)
    const run = await press.approve(['pm25@1.0.0=35'], QUICK)
    await ended(run)
    expect(await press.show(run)).toMatchObject({ state: 'SUCCEEDED' })
    await system.runUntil(async () => (await letters('notifier')).length === 1, SOON_MS)
    expect(await press.api.get('/v1/deliveries')).toMatchObject([{ state: 'dead' }])
  })
})
