import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApprovalSummary } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

describe('an approval', () => {
  let system: MemorySystem
  let press: PipelineDriver

  beforeAll(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
  })

  afterAll(() => system.stop())

  it('of a critical policy waits for a second person, and counts nobody twice', async () => {
    const run = await press.approve(['lead-limit@1.0.0=15'], AT_ONCE, { tags: ['critical'] })
    expect(await press.approve(['lead-limit@1.0.0=15'], {}, { tags: ['critical'] })).toBe(run)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'AWAITING_APPROVAL' })
    const [waiting] = await press.api.get<ApprovalSummary[]>('/v1/approvals')
    expect(waiting).toMatchObject({ run, signedBy: ['EPA Chief'] })
    await expect(press.limit('lead-limit')).rejects.toMatchObject({ code: 'HMS_POLICY_NOT_FOUND', status: 404 })
    expect(await press.approve(['lead-limit@1.0.0=15'], {}, { tags: ['critical'], signer: 'EPA Counsel' })).toBe(run)
    await press.whenState(run, 'SUCCEEDED')
    expect(await press.limit('lead-limit')).toBe(15)
  })

  it('is over the plan too: the last signer cannot slip in another', async () => {
    await press.approve(['zinc-limit@1.0.0=15'], AT_ONCE, { tags: ['critical'] })
    const other = press.approve(['zinc-limit@1.0.0=15'], { observeMs: 5_000 }, { tags: ['critical'], signer: 'EPA Counsel' })
    await expect(other).rejects.toMatchObject({ code: 'HMS_APPROVER_PLAN_DIFFERS', status: 409 })
  })

  it('is refused for what was never prepared, for a stranger, and for a version that means something else', async () => {
    const nothing = `sha256:${'0'.repeat(64)}`
    await expect(press.api.post('/v1/approvals', { digest: nothing, signatures: [{ release: nothing, keyid: 'k', sig: 's' }] })).rejects.toMatchObject({
      code: 'HMS_APPROVER_APPROVAL_UNKNOWN',
      status: 404,
    })
    const run = await press.approve(['radon-limit@1.0.0=4'], AT_ONCE)
    await press.whenState(run, 'SUCCEEDED')
    await expect(press.approve(['radon-limit@1.0.0=5'], AT_ONCE)).rejects.toMatchObject({ code: 'HMS_APPROVER_VERSION_REUSED', status: 409 })
    await expect(press.approve(['radon-limit@1.0.0=4'], AT_ONCE)).rejects.toMatchObject({ code: 'HMS_APPROVER_ALREADY_LIVE', status: 409 })
    await expect(press.approve(['radon-limit@0.9.0=3'], AT_ONCE)).rejects.toMatchObject({ code: 'HMS_APPROVER_VERSION_NOT_HIGHER', status: 409 })
  })
})
