import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

/** A rollback of one policy took back a later release of another that had once come in the same bundle. */
describe('a rollback of one policy of a bundle', () => {
  let system: MemorySystem
  let press: PipelineDriver
  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    await succeeds(['ozone@1.0.0=70', 'pm25@1.0.0=35'])
    await succeeds(['ozone@2.0.0=60', 'pm25@2.0.0=25'])
  })
  afterEach(() => system.stop())

  const succeeds = async (policies: string[], effective?: string): Promise<void> =>
    press.reaches(await press.approve(policies, AT_ONCE, { effective }), 'SUCCEEDED')
  const rollBack = (policy: string, version: string, only = false) => press.api.post('/v1/rollbacks', { policy, version, only })
  const limits = (): Promise<unknown[]> => Promise.all(['ozone', 'pm25'].map((id) => press.limit(id)))

  it('leaves the other where a later run has brought it', async () => {
    await succeeds(['pm25@3.0.0=20'])
    await rollBack('ozone', '1.0.0')
    await system.settle()
    expect(await limits()).toEqual([70, 20])
    expect((await press.api.get<{ version: string }>('/v1/policies/pm25')).version).toBe('3.0.0')
  })

  it('ends no run of the other that bakes', async () => {
    const run = await press.approve(['pm25@3.0.0=20'], { observeMs: 0, bakeMs: 60_000 })
    await press.reaches(run, 'BAKING')
    await rollBack('ozone', '1.0.0')
    await press.reaches(run, 'SUCCEEDED', 120_000)
    expect(await limits()).toEqual([70, 20])
  })

  it('leaves the other where people have taken it back alone', async () => {
    await rollBack('pm25', '1.0.0', true)
    await rollBack('ozone', '1.0.0')
    expect(await limits()).toEqual([70, 35])
  })

  it('requires no previous version of one that has moved on', async () => {
    await succeeds(['ozone@3.0.0=50', 'no2@1.0.0=100'])
    await succeeds(['no2@2.0.0=90'])
    await rollBack('ozone', '2.0.0')
    expect([...(await limits()), await press.limit('no2')]).toEqual([60, 25, 90])
  })

  it('leaves the other at the release that readers hold of a later run', async () => {
    const effective = new Date(system.clock.now().getTime() + 120_000).toISOString()
    const run = await press.approve(['pm25@3.0.0=20'], AT_ONCE, { effective })
    await press.reaches(run, 'WAITING')
    await rollBack('ozone', '1.0.0')
    await press.passes(121_000)
    expect(await limits()).toEqual([70, 20])
  })

  it('reinstates, and rolls back again, only what went with it', async () => {
    await rollBack('ozone', '1.0.0')
    await succeeds(['pm25@3.0.0=20'])
    await rollBack('ozone', '2.0.0')
    expect(await limits()).toEqual([60, 20])
    await rollBack('ozone', '1.0.0')
    expect(await limits()).toEqual([70, 20])
  })
})
