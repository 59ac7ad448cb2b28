import { beforeEach, describe, expect, it } from 'vitest'
import type { DocumentTable } from '#libs/persistence'
import type { ServiceName } from '#libs/contracts'
import { POLICIES } from '../../apps/approver/src/policies/policy.table.js'
import { STABLES } from '../../apps/rollout/src/stable/stable.table.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const ID = 'pm25'
const LAST = Number.MAX_SAFE_INTEGER - 1

/** Readers never forget the highest number that they saw: one signature over the last would end all releases and rollbacks of a policy. */
describe('a counter that was set to the end of all numbers', () => {
  let system: MemorySystem
  let press: PipelineDriver

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    return () => system.stop()
  })
  const live = async (policy: string): Promise<void> => {
    const run = await press.approve([policy], { observeMs: 0, bakeMs: 0 })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 300_000)
  }
  const change = <Row extends object>(service: ServiceName, table: DocumentTable<Row>, by: (row: Row) => Row): Promise<void> =>
    system.host.runtimes.get(service)!.database.transaction(async (tx) => tx.documents(table).put(by((await tx.documents(table).get(ID))!)))

  it('of releases: people sign none, and the next release goes live once it is set back', async () => {
    await live(`${ID}@1.0.0=35`)
    await change('approver', POLICIES, (row) => ({ ...row, releaseEpoch: LAST }))
    await expect(press.prepare([`${ID}@2.0.0=25`])).rejects.toMatchObject({ code: 'HMS_NUMBER_AHEAD', status: 422 })
    await change('approver', POLICIES, (row) => ({ ...row, releaseEpoch: 10_000_000 }))
    await live(`${ID}@2.0.0=25`)
  })

  it('of heads: rollout signs none, and the rollback works once it is set back', async () => {
    await live(`${ID}@1.0.0=35`)
    await live(`${ID}@2.0.0=25`)
    await change('rollout', STABLES, (row) => ({ ...row, seq: LAST }))
    const back = () => press.api.post('/v1/rollbacks', { policy: ID, version: '1.0.0', reason: 'drill' })
    await expect(back()).rejects.toMatchObject({ code: 'HMS_NUMBER_AHEAD', status: 422 })
    await change('rollout', STABLES, (row) => ({ ...row, seq: 10_000_000 }))
    await back()
    expect(await press.api.get('/v1/policies/{id}', { id: ID })).toMatchObject({ version: '1.0.0' })
  })
})
