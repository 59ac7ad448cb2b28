import { expect, it, onTestFinished } from 'vitest'
import type { ServiceName } from '#libs/contracts'
import { DeafBus } from '../support/deaf-bus.js'
import { startMemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { RawBot } from '../support/raw-bot.js'

/**
 * Behind the stop switch, break-glass stalled in two of three tries: a late canary head of the older run was stored above the heads of
 * break-glass, so readers refused what they had left, and the numbers of the bots went to the older run.
 */
it.each([
  ['is notified of it', [] as ServiceName[]],
  ['is not notified and renews its lease', ['canary-controller'] as ServiceName[]],
])('break-glass ends an older run’s canary and counts its own bots, where canary-controller %s', async (_how, deaf) => {
  const bus = new DeafBus()
  const system = await startMemorySystem({ HMS_APPROVER_BREAK_GLASS_BAKE: '120s' }, bus)
  onTestFinished(() => system.stop())
  const press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
  const bots = await Promise.all([1, 2, 3].map((index) => RawBot.connect(system.url, `bot-${index}`, 'NCR')))
  onTestFinished(() => bots.forEach((bot) => bot.close()))
  const answer = (): void => bots.forEach((bot) => bot.acknowledge('pm25', system.clock.now().getTime()))

  const older = await press.approve(['pm25@2.0.0=25'], { share: 10_000, observeMs: 600_000 })
  await system.runUntil(async () => {
    answer()
    return (await press.show(older)).stages.some(({ detail }) => detail.includes('observed until'))
  }, 20_000)
  await press.freeze({ id: 'stop-the-line' })
  await system.settle()
  deaf.forEach((service) => bus.deaf.add(service))
  const run = await press.breakGlass(['pm25@3.0.0=20'])
  await system.runUntil(async () => (await press.limit('pm25')) === 20, 5_000)
  expect(await press.show(older)).toMatchObject({ state: 'SUPERSEDED', reason: 'BREAK_GLASS', supersededBy: run })
  // Long enough for a renewal of the lease by a canary-controller that was not notified.
  const until = system.clock.now().getTime() + 45_000
  await system.runUntil(async () => {
    answer()
    return system.clock.now().getTime() >= until
  }, 60_000)
  const { documents } = await press.api.get<{ documents: { scope: string; run: number; revision: number; version: string }[] }>(
    '/v1/snapshot',
  )
  const stable = documents.find(({ scope }) => scope === 'global')!
  expect(stable).toMatchObject({ run, version: '3.0.0' })
  expect(documents.filter(({ version, revision }) => version === '2.0.0' && revision > stable.revision)).toEqual([])
  expect(await press.show(run)).toMatchObject({ state: 'BAKING' })
  expect(bots.map((bot) => bot.versionOf('pm25', system.clock.now().getTime()))).toEqual(['3.0.0', '3.0.0', '3.0.0'])
  expect((await press.show(run)).stages.find(({ stage }) => stage === 'rollout')!.detail).toContain('3 of 3 bots acknowledged')
})

it('break-glass ends the older run once lint has passed, before a reader has its heads', async () => {
  const bus = new DeafBus()
  const system = await startMemorySystem({}, bus)
  onTestFinished(() => system.stop())
  const press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
  const older = await press.approve(['pm25@2.0.0=25'], { share: 10_000, observeMs: 600_000 })
  await press.whenState(older, 'CANARY')
  bus.deaf.add('rollout')
  const run = await press.breakGlass(['pm25@3.0.0=20'])
  await press.whenState(older, 'SUPERSEDED')
  await system.settle()
  expect(await press.show(older)).toMatchObject({ reason: 'BREAK_GLASS', supersededBy: run })
  expect(await press.api.get<{ state: string }>(`/v1/canaries/${older}`)).toMatchObject({ state: 'ended' })
  expect(await press.limit('pm25')).toBe(35)
})
