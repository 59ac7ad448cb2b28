import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEntry, PlanOptions, PolicyHistoryEntry } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const NOT_FOUND = { code: 'HMS_POLICY_NOT_FOUND', status: 404 }

describe('a withdrawal', () => {
  let system: MemorySystem
  let press: PipelineDriver

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    await live(['pm25@1.0.0=35', 'ozone@1.0.0=70'])
    await live(['pm25@2.0.0=25', 'ozone@2.0.0=65'])
  })

  afterEach(() => system.stop())

  it('leaves nothing of the policy in force, and of its bundle takes it alone', async () => {
    expect(await press.withdraw('ozone')).toMatchObject({ id: 'ozone', version: '2.0.0', state: 'WITHDRAWN', signedBy: ['EPA Chief'] })
    await system.settle()
    await expect(press.limit('ozone')).rejects.toMatchObject(NOT_FOUND)
    expect(await press.limit('pm25')).toBe(25)
    const [now] = await press.api.get<PolicyHistoryEntry[]>('/v1/policies/ozone/history')
    expect(now).toMatchObject({ version: null, until: null })
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
    await system.settle()
    expect(await press.limit('pm25')).toBe(35)
    await expect(press.limit('ozone')).rejects.toMatchObject(NOT_FOUND)
  })

  it('waits for as many people as approving the policy would take', async () => {
    await liveCritical('lead', '1.0.0', 15)
    expect(await press.withdraw('lead')).toMatchObject({ state: 'AWAITING_APPROVAL', missing: ['critical'], signedBy: ['EPA Chief'] })
    expect(await press.withdraw('lead')).toMatchObject({ state: 'AWAITING_APPROVAL', signedBy: ['EPA Chief'] })
    expect(await press.limit('lead')).toBe(15)
    const both = { state: 'WITHDRAWN', signedBy: ['EPA Chief', 'EPA Counsel'], missing: [] }
    expect(await press.withdraw('lead', 'EPA Counsel')).toMatchObject(both)
    await system.settle()
    await expect(press.limit('lead')).rejects.toMatchObject(NOT_FOUND)
  })

  it('ends the run under way and takes its canary back; what waited behind it is stale', async () => {
    const active = await press.approve(['pm25@3.0.0=20'])
    await press.whenState(active, 'CANARY')
    const waiting = await press.approve(['pm25@4.0.0=15'], {}, { queue: true })
    await press.withdraw('pm25')
    await press.whenState(active, 'ABORTED')
    expect(await press.show(active)).toMatchObject({ reason: 'WITHDRAWN', detail: 'pm25 was withdrawn by EPA Chief: test' })
    await press.whenState(waiting, 'STALE')
    await expect(press.limit('pm25')).rejects.toMatchObject(NOT_FOUND)
    expect(await press.api.get<{ state: string }>(`/v1/canaries/${active}`)).toMatchObject({ state: 'ended' })
  })

  it('is followed by a higher version, or by a signed rollback', async () => {
    await press.withdraw('pm25')
    await system.settle()
    await expect(press.approve(['pm25@2.0.0=25'], AT_ONCE)).rejects.toMatchObject({ code: 'HMS_APPROVER_VERSION_NOT_HIGHER', status: 409 })
    await expect(press.approve(['pm25@1.5.0=25'], AT_ONCE)).rejects.toMatchObject({ code: 'HMS_APPROVER_VERSION_NOT_HIGHER' })
    await expect(press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })).rejects.toMatchObject({
      code: 'HMS_ROLLOUT_NOT_PREAPPROVED',
      status: 403,
    })
    await live(['pm25@3.0.0=20'])
    expect(await press.limit('pm25')).toBe(20)
    await press.withdraw('pm25')
    await system.settle()
    const { run } = await press.signRollback('pm25', '2.0.0')
    await press.whenState(run!, 'SUCCEEDED')
    await system.settle()
    expect(await press.limit('pm25')).toBe(25)
  })

  it('goes during the stop, and is in the audit log', async () => {
    await press.freeze({ id: 'stop-the-line' })
    await press.withdraw('ozone')
    await system.settle()
    await expect(press.limit('ozone')).rejects.toMatchObject(NOT_FOUND)
    const withdrawals = async (): Promise<AuditEntry[]> =>
      (await press.api.get<AuditEntry[]>('/v1/audit/entries?limit=1000')).filter(({ type }) => type === 'hms.rollout.withdrawn.v1')
    await system.runUntil(async () => (await withdrawals()).length > 0, 10_000)
    expect(await withdrawals()).toMatchObject([{ key: 'ozone' }])
  })

  it('of a policy that is not in force is refused', async () => {
    await expect(press.withdraw('radon')).rejects.toMatchObject(NOT_FOUND)
    await press.withdraw('pm25')
    await system.settle()
    await expect(press.withdraw('pm25')).rejects.toMatchObject(NOT_FOUND)
  })

  async function live(policies: string[], plan: PlanOptions = {}): Promise<void> {
    await press.whenState(await press.approve(policies, { ...AT_ONCE, ...plan }), 'SUCCEEDED')
  }

  async function liveCritical(id: string, version: string, limit: number): Promise<void> {
    const files = [`${id}@${version}=${limit}`]
    const run = await press.approve(files, AT_ONCE, { tags: ['critical'] })
    await press.approve(files, {}, { tags: ['critical'], signer: 'EPA Counsel' })
    await press.whenState(run, 'SUCCEEDED')
  }
})
