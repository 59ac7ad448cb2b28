import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signApproval, submitApproval } from '#libs/client'
import type { ApprovalSummary, ApprovalView, PreparedApproval } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { share: 10_000, scope: 'region:NCR', observeMs: 0, bakeMs: 0 }
const LONG = { ...AT_ONCE, observeMs: 5_000 }

/** A release that was prepared before another run began is queued behind it, and ends STALE when that succeeds: unsaid until it did. */
describe('a release that was prepared before a run of its policy began', { timeout: 240_000 }, () => {
  let system: MemorySystem
  let press: PipelineDriver
  let older: PreparedApproval
  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
    older = await press.prepare(['pm25@2.0.0=25'], AT_ONCE)
  })
  afterEach(() => system.stop())
  const sign = async (prepared: PreparedApproval): Promise<ApprovalView> =>
    submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get('EPA Chief')!))
  const shown = (path = ''): Promise<ApprovalSummary> => press.api.get<ApprovalSummary>(`/v1/approvals/${older.digest}${path}`)

  it('names the run ahead before and after it is signed; what waits behind it ends STALE with it', async () => {
    expect([older.overtakenBy, (await shown()).overtakenBy]).toEqual([undefined, undefined])
    const ahead = await press.approve(['pm25@3.0.0=20'], LONG)
    await press.whenState(ahead, 'CANARY')
    expect(await Promise.all([shown(), shown('/prepared')])).toMatchObject([{ overtakenBy: ahead }, { overtakenBy: ahead }])
    const signed = await sign(older)
    expect(signed).toMatchObject({ state: 'QUEUED', overtakenBy: ahead })
    expect(await shown()).toMatchObject({ overtakenBy: ahead })
    const behind = await press.prepare(['pm25@4.0.0=15'], AT_ONCE, { queue: true })
    expect(behind.overtakenBy).toBeUndefined()
    const last = await sign(behind)
    expect(last).toMatchObject({ state: 'QUEUED' })
    expect(last.overtakenBy).toBeUndefined()
    await system.runUntil(async () => (await press.show(ahead)).state === 'SUCCEEDED', 60_000)
    await press.whenState(signed.run!, 'STALE')
    await press.whenState(last.run!, 'STALE')
    expect(await press.limit('pm25')).toBe(20)
    expect((await shown()).overtakenBy).toBeUndefined()
  })

  it('ends STALE at once where that run has ended, and blocks nothing', async () => {
    await press.whenState(await press.approve(['pm25@3.0.0=20'], AT_ONCE), 'SUCCEEDED')
    const signed = await sign(older)
    expect(signed).toMatchObject({ state: 'STALE' })
    expect(await press.show(signed.run!)).toMatchObject({ state: 'STALE', reason: 'LIVE_MOVED' })
    await press.whenState(await press.approve(['pm25@4.0.0=15'], AT_ONCE), 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(15)
  })
})
