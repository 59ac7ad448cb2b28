import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signApproval, submitApproval } from '#libs/client'
import type { ApprovalSummary } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const DAY_MS = 24 * 60 * 60 * 1000
const AT_ONCE = { share: 10_000, scope: 'region:NCR', observeMs: 0, bakeMs: 0 }

/** An unsigned approval said that it would end in a week, and was deleted after a day. */
describe('an approval that nobody has signed', { timeout: 240_000 }, () => {
  let system: MemorySystem
  let driver: PipelineDriver
  beforeAll(async () => {
    system = await startMemorySystem()
    driver = new PipelineDriver(system)
  })
  afterAll(() => system.stop())

  it('ends when it is deleted: after a day, unless somebody signs', async () => {
    const prepared = await driver.prepare(['pm25@1.0.0=35'], AT_ONCE)
    const shown = (): Promise<ApprovalSummary> => driver.api.get<ApprovalSummary>(`/v1/approvals/${prepared.digest}`)
    const { preparedAt, expiresAt } = await shown()
    expect(prepared.expiresAt).toBe(expiresAt)
    expect(Date.parse(expiresAt) - Date.parse(preparedAt)).toBe(DAY_MS)
    await submitApproval(driver.api, prepared, await signApproval(prepared, system.signers.get('EPA Chief')!))
    expect(Date.parse((await shown()).expiresAt) - Date.parse(preparedAt)).toBe(7 * DAY_MS)
  })
})
