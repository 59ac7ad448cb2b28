import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PastPolicies } from '#libs/client'
import type { PolicyHistoryEntry } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const DAY_MS = 24 * 3_600_000

/** What was in force is asked of a whole system and verified by the keys that signed it. */
describe('an earlier time', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let past: PastPolicies

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    past = await PastPolicies.open({ api: press.api })
  })
  afterEach(() => system.stop())

  async function live(version: string, limit: number): Promise<void> {
    const run = await press.approve([`pm25@${version}=${limit}`], { observeMs: 0, bakeMs: 0 })
    await press.reaches(run, 'SUCCEEDED')
    system.clock.advanceTo(system.clock.now().getTime() + DAY_MS)
  }

  it('is what people had approved for it, after rollbacks and withdrawals too', async () => {
    const before = system.clock.now().getTime() - 1
    await live('1.0.0', 35)
    await live('2.0.0', 25)
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
    system.clock.advanceTo(system.clock.now().getTime() + DAY_MS)
    await press.withdraw('pm25')
    await system.settle()
    system.clock.advanceTo(system.clock.now().getTime() + DAY_MS)

    const entries = await press.api.get<PolicyHistoryEntry[]>('/v1/policies/pm25/history')
    expect(entries.map(({ version, run }) => [version, run])).toEqual([
      [null, null],
      ['1.0.0', 1],
      ['2.0.0', 2],
      ['1.0.0', 1],
    ])
    for (const { version, run, from, until } of entries.slice(1)) {
      const found = await past.read('pm25', { at: from })
      expect(found).toMatchObject({ value: { version }, approvedBy: ['EPA Chief'], view: { since: from, until, provenance: { run } } })
      expect(await past.read('pm25', { at: new Date(Date.parse(until!) - 1) })).toMatchObject({ value: { version } })
    }
    for (const at of [new Date(before), system.clock.now()])
      await expect(past.read('pm25', { at })).rejects.toMatchObject({ code: 'HMS_POLICY_NOT_FOUND', status: 404 })
    expect(await past.read('pm25', { version: '2.0.0' })).toMatchObject({ value: { limit: 25 }, view: { provenance: { run: 2 } } })
    // A query as of a time before the withdrawal does not see it.
    expect(await past.read('pm25', { at: system.clock.now(), known: entries[1]!.from })).toMatchObject({ value: { version: '1.0.0' } })
  })

  it('returns since when a policy is in force', async () => {
    await live('1.0.0', 35)
    await live('2.0.0', 25)
    const [newest] = await press.api.get<PolicyHistoryEntry[]>('/v1/policies/pm25/history')
    expect(await press.api.get('/v1/policies/pm25')).toMatchObject({ version: '2.0.0', since: newest!.from })
  })
})
