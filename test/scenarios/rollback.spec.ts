import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HmsError, PlanOptions, RollbackResult } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

describe('a rollback', () => {
  let system: MemorySystem
  let press: PipelineDriver

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    await live(['pm25@1.0.0=35'])
    await live(['pm25@2.0.0=25'])
  })

  afterEach(() => system.stop())

  it('restores the version before, at once', async () => {
    const result = await rollBack('pm25', '1.0.0')
    expect(result).toMatchObject({ id: 'pm25', version: '1.0.0', from: '2.0.0' })
    await system.settle()
    expect(await press.limit('pm25')).toBe(35)
  })

  it('commits once under one Idempotency-Key, and refuses the key for anything else', async () => {
    const first = await rollBack('pm25', '1.0.0', 'key-1')
    expect(await rollBack('pm25', '1.0.0', 'key-1')).toMatchObject({ seq: first.seq, digest: first.digest })
    await expect(rollBack('pm25', '2.0.0', 'key-1')).rejects.toMatchObject({ code: 'HMS_HTTP_KEY_REUSED', status: 422 })
    await expect(rollBack('pm25', '1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_ALREADY_LIVE', status: 409 })
  })

  it('reaches only versions that the approvers allowed', async () => {
    await expect(rollBack('pm25', '0.9.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_VERSION_UNKNOWN', status: 404 })
    await expect(rollBack('ozone', '1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_NOTHING_LIVE', status: 404 })
    await rollBack('pm25', '1.0.0')
    await live(['pm25@3.0.0=20'])
    await live(['pm25@4.0.0=19'])
    await rollBack('pm25', '3.0.0')
    // Live before, but neither the newest nor named by its approvers.
    await live(['pm25@5.0.0=18'], { fallbacks: ['pm25@4.0.0'] })
    await expect(rollBack('pm25', '2.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_NOT_PREAPPROVED', status: 403 })
  })

  it('names the versions there are when one was never live', async () => {
    const refusal = await rollBack('pm25', '0.9.0').catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'HMS_ROLLOUT_VERSION_UNKNOWN', status: 404, state: ['1.0.0', '2.0.0'] })
    expect((refusal as HmsError).detail).toContain('1.0.0, 2.0.0')
  })

  it('can be reverted, any number of times; each time the run that made the version live is named', async () => {
    for (const [version, limit, run] of [
      ['1.0.0', 35, 1],
      ['2.0.0', 25, 2],
      ['1.0.0', 35, 1],
      ['2.0.0', 25, 2],
    ] as const) {
      await rollBack('pm25', version)
      await system.settle()
      expect(await press.limit('pm25')).toBe(limit)
      expect((await press.provenance('pm25')).run).toBe(run)
    }
  })

  it('of a bundle is reverted whole, and can be repeated whole', async () => {
    await live(['pm25@3.0.0=20', 'so2-limit@1.0.0=75'])
    await live(['pm25@4.0.0=19', 'so2-limit@2.0.0=70'])
    for (const [policy, version, limits] of [
      ['pm25', '3.0.0', [20, 75]],
      ['so2-limit', '2.0.0', [19, 70]],
      ['so2-limit', '1.0.0', [20, 75]],
    ] as const) {
      await rollBack(policy, version)
      await system.settle()
      expect([await press.limit('pm25'), await press.limit('so2-limit')]).toEqual(limits)
    }
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '4.0.0', only: true })
    await system.settle()
    expect([await press.limit('pm25'), await press.limit('so2-limit')]).toEqual([19, 75])
  })

  it('to a release that its own run took back needs a new approval', async () => {
    const run = await press.approve(['pm25@3.0.0=20'], { observeMs: 0, bakeMs: 3_600_000 })
    await system.runUntil(async () => (await press.show(run)).state === 'BAKING', 60_000)
    const approver = system.host.runtimes.get('approver')!
    await approver.database.transaction((tx) =>
      approver.outbox.emit(
        tx,
        'hms.run.decided.v1',
        { run, attempt: 1, decision: 'abort', reason: 'test', by: 'test' },
        { key: 'pm25', run, attempt: 1 },
      ),
    )
    await press.whenState(run, 'ROLLED_BACK')
    expect(await press.provenance('pm25')).toMatchObject({ run: 2 })
    await expect(rollBack('pm25', '3.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_NOT_PREAPPROVED' })
    await rollBack('pm25', '1.0.0')
  })

  it('ends the run under way and takes its canary back; what waited behind it is stale', async () => {
    const active = await press.approve(['pm25@3.0.0=20'])
    await press.whenState(active, 'CANARY')
    await expect(press.approve(['pm25@4.0.0=15'])).rejects.toMatchObject({ code: 'HMS_APPROVER_RUN_ACTIVE', status: 409 })
    const waiting = await press.approve(['pm25@4.0.0=15'], {}, { queue: true })
    expect(await press.show(waiting)).toMatchObject({ state: 'QUEUED' })
    await rollBack('pm25', '1.0.0')
    await press.whenState(active, 'ABORTED')
    await press.whenState(waiting, 'STALE')
    expect(await press.limit('pm25')).toBe(35)
    const canary = await press.api.get<{ state: string }>(`/v1/canaries/${active}`)
    expect(canary.state).toBe('ended')
  })

  it('takes a bundle back as it came, or one policy alone', async () => {
    await live(['pm25@3.0.0=20', 'so2-limit@1.0.0=75'])
    await live(['pm25@4.0.0=19', 'so2-limit@2.0.0=70'])
    await rollBack('pm25', '3.0.0')
    await system.settle()
    expect([await press.limit('pm25'), await press.limit('so2-limit')]).toEqual([20, 75])
    await live(['pm25@5.0.0=18', 'so2-limit@3.0.0=65'])
    await press.api.post('/v1/rollbacks', { policy: 'so2-limit', version: '1.0.0', only: true })
    await system.settle()
    expect([await press.limit('pm25'), await press.limit('so2-limit')]).toEqual([18, 75])
  })

  async function live(policies: string[], plan: PlanOptions = {}): Promise<void> {
    await press.whenState(await press.approve(policies, { ...AT_ONCE, ...plan }), 'SUCCEEDED')
  }

  async function rollBack(policy: string, version: string, idempotencyKey?: string): Promise<RollbackResult> {
    return press.api.post<RollbackResult>('/v1/rollbacks', { policy, version }, { idempotencyKey })
  }
})
