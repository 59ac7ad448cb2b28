import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signApproval, submitApproval } from '#libs/client'
import type { OutgoingEvent, PolicyView, RollbackPreview } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

/** What rollout says under one key waits, as in a partition whose leader is gone. The relay sends it again. */
class SplitBus extends MemoryBus {
  waits: string | undefined

  override publish(all: readonly OutgoingEvent[]) {
    return super.publish(all.filter(({ topic, key }) => topic !== 'hms.rollout.v1' || key !== this.waits))
  }
}

/** Each reversal had the key of its own policy: approver received the failure of a bundle before it received what was live again. */
describe('a bundle that is rolled back', () => {
  let bus: SplitBus
  let system: MemorySystem
  let press: PipelineDriver
  beforeEach(async () => {
    bus = new SplitBus()
    system = await startMemorySystem({}, bus)
    press = new PipelineDriver(system)
    await succeeds(['ozone@1.0.0=70', 'pm25@1.0.0=35'])
  })
  afterEach(() => system.stop())

  const succeeds = async (policies: string[]): Promise<void> => press.reaches(await press.approve(policies, AT_ONCE), 'SUCCEEDED')
  const rollBack = (policy: string, version: string, only = false) => press.api.post('/v1/rollbacks', { policy, version, only })

  it('is named whole, before the rollback and after it', async () => {
    await succeeds(['ozone@2.0.0=60', 'pm25@2.0.0=25'])
    const preview = (query: object) =>
      press.api.get<RollbackPreview>('/v1/rollbacks/preview', { policy: 'pm25', version: '1.0.0', ...query })
    const moved = [
      { id: 'ozone', from: '2.0.0', version: '1.0.0' },
      { id: 'pm25', from: '2.0.0', version: '1.0.0' },
    ]
    expect(await preview({})).toEqual({ id: 'pm25', version: '1.0.0', moved })
    expect((await preview({ only: true })).moved).toEqual([moved[1]])
    expect(await press.limit('pm25')).toBe(25)
    expect(await rollBack('pm25', '1.0.0')).toMatchObject({ id: 'pm25', version: '1.0.0', moved })
    await expect(preview({})).rejects.toMatchObject({ code: 'HMS_ROLLOUT_ALREADY_LIVE' })
    // Forward again it is one as well.
    expect((await preview({ version: '2.0.0' })).moved.map(({ id }) => id)).toEqual(['ozone', 'pm25'])
  })

  it('leaves the next run, which follows what is live again, to go its way', async () => {
    const older = await press.approve(['ozone@2.0.0=60', 'pm25@2.0.0=25'], { observeMs: 1_000, bakeMs: 3_600_000 })
    await press.whenState(older, 'CANARY')
    const prepared = await press.prepare(['ozone@3.0.0=50', 'pm25@3.0.0=20'], AT_ONCE, { supersede: true })
    await press.reaches(older, 'BAKING')
    const signatures = await signApproval(prepared, system.signers.get('EPA Chief')!)
    const newer = (await submitApproval(press.api, prepared, signatures)).run!
    expect((await press.show(newer)).state).toBe('QUEUED')
    bus.waits = 'pm25'
    await press.decide(older, 'abort')
    await press.reaches(newer, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(20)
  })

  it('ends no run that began after it: an old event changes nothing', async () => {
    await succeeds(['ozone@2.0.0=60', 'pm25@2.0.0=25'])
    await succeeds(['ozone@3.0.0=50', 'pm25@3.0.0=20'])
    await rollBack('ozone', '2.0.0')
    await system.settle()
    bus.waits = 'pm25'
    await rollBack('pm25', '1.0.0', true)
    await rollBack('ozone', '3.0.0')
    await system.settle()
    expect((await press.api.get<PolicyView>('/v1/policies/pm25')).version).toBe('3.0.0')
    const run = await press.approve(['pm25@4.0.0=15'], { observeMs: 3_600_000, bakeMs: 0 })
    await press.whenState(run, 'CANARY')
    bus.waits = undefined
    await press.passes(5_000)
    expect((await press.show(run)).state).toBe('CANARY')
  })
})
