import { expect, it, onTestFinished } from 'vitest'
import type { PolicyView, RollbackResult } from '#libs/contracts'
import { DeafBus } from '../support/deaf-bus.js'
import { startMemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

/**
 * A canary stands on the stable release that it was started against, and readers ignore it as soon as stable moves on. A rollback brought
 * exactly that release back: for the rest of the canary's lease its cohort ran what had just been taken back. Found by the kill harness.
 */
it('a rollback within the lease of the canary reaches the cohort too', async () => {
  const system = await startMemorySystem()
  onTestFinished(() => system.stop())
  const press = new PipelineDriver(system)
  const everyone = { observeMs: 0, bakeMs: 0, share: 10_000 }
  await press.whenState(await press.approve(['pm25@1.0.0=35'], everyone), 'SUCCEEDED')
  await press.whenState(await press.approve(['pm25@2.0.0=25'], everyone), 'SUCCEEDED')
  await press.api.post<RollbackResult>('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
  await system.settle()
  const { value } = await press.api.get<PolicyView>('/v1/policies/pm25', { bot: 'inspector-1', region: 'NCR' })
  expect(value['limit']).toBe(35)
})

/** Away from the release that a canary stands on, and back to it: its digest alone does not say that stable ever left. */
it('two rollbacks within the lease of a canary wake it for no reader, though canary-controller is down', async () => {
  const bus = new DeafBus()
  const system = await startMemorySystem({}, bus)
  onTestFinished(() => system.stop())
  const press = new PipelineDriver(system)
  const limit = async (): Promise<unknown> =>
    (await press.api.get<PolicyView>('/v1/policies/pm25', { bot: 'inspector-1', region: 'NCR' })).value['limit']
  const everyone = { observeMs: 0, bakeMs: 0, share: 10_000 }
  await press.whenState(await press.approve(['pm25@1.0.0=40'], everyone), 'SUCCEEDED')
  await press.whenState(await press.approve(['pm25@1.5.0=35'], everyone), 'SUCCEEDED')
  await press.whenState(await press.approve(['pm25@2.0.0=25'], { ...everyone, observeMs: 600_000 }), 'CANARY')
  await system.settle()
  expect(await limit()).toBe(25)
  // It takes no canary back.
  bus.deaf.add('canary-controller')
  for (const [version, value] of [
    ['1.0.0', 40],
    ['1.5.0', 35],
  ] as const) {
    await press.api.post<RollbackResult>('/v1/rollbacks', { policy: 'pm25', version })
    await system.settle()
    expect(await limit()).toBe(value)
  }
})
