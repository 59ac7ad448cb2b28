import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEntry, ConfigDocument, PlanOptions, StreamFrame } from '#libs/contracts'
import { rollbackOf, verifyHead } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

/** Of five versions, the newest names the three before it as fallbacks, and 1.0.0 no longer. */
describe('a rollback beyond the fallbacks', () => {
  let system: MemorySystem
  let press: PipelineDriver

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    for (const [version, limit] of [
      ['1.0.0', 35],
      ['2.0.0', 25],
      ['3.0.0', 24],
    ] as const)
      await live([`pm25@${version}=${limit}`])
    await live(['pm25@4.0.0=23'], { fallbacks: ['pm25@2.0.0'] })
  })

  afterEach(() => system.stop())

  it('needs signatures, and with them is a release of its own, without lint, simulation or canary', async () => {
    await expect(rollBack('1.0.0')).rejects.toMatchObject({
      code: 'HMS_ROLLOUT_NOT_PREAPPROVED',
      status: 403,
      next: ['hms-svc rollback pm25@1.0.0 --sign NAME'],
    })
    const { run, missing } = await press.signRollback('pm25', '1.0.0', 'EPA Chief', 'drill')
    expect(missing).toEqual([])
    await press.whenState(run!, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(35)
    const view = await press.show(run!)
    expect(view.stages.map(({ stage, verdict, detail }) => [stage, verdict, detail])).toEqual([
      ['rollout', 'PASS', 'from 4.0.0 to 1.0.0: EPA Chief: drill'],
    ])
    expect(await press.provenance('pm25')).toMatchObject({ run, approvedBy: ['EPA Chief'] })
    const { release } = verifyHead(await stableHead(), system.roster)
    expect(release!.predicate).toMatchObject({
      releaseEpoch: 5,
      rollback: { target: { version: '1.0.0' }, reason: 'drill', replaces: { version: '4.0.0' } },
      previous: { version: '4.0.0' },
    })
    expect(release!.predicate.fallbacks.map(({ version }) => version)).toEqual(['4.0.0', '3.0.0', '2.0.0'])
  })

  it('may be reverted at once, and a new version follows it', async () => {
    await goBack('1.0.0')
    await rollBack('4.0.0')
    await system.settle()
    expect(await press.limit('pm25')).toBe(23)
    await goBack('1.0.0')
    await live(['pm25@5.0.0=20'])
    expect(await press.limit('pm25')).toBe(20)
  })

  it('goes to any version that was ever live, however many came since', async () => {
    for (let version = 5; version < 25; version++)
      await live([`pm25@${version}.0.0=${version}`], { fallbacks: [`pm25@${version - 1}.0.0`] })
    await expect(rollBack('2.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_NOT_PREAPPROVED' })
    await goBack('2.0.0')
    expect(await press.limit('pm25')).toBe(25)
  })

  it('waits for as many people as its approval would require, over the same bytes, and counts no person twice', async () => {
    await liveCritical('lead', '1.0.0', 15)
    await liveCritical('lead', '2.0.0', 14)
    await liveCritical('lead', '3.0.0', 13, ['lead@2.0.0'])
    const one = await press.signRollback('lead', '1.0.0')
    expect(one).toMatchObject({ state: 'AWAITING_APPROVAL', missing: ['critical'] })
    expect(await press.signRollback('lead', '1.0.0', 'EPA Chief', 'again')).toMatchObject({ run: one.run, missing: ['critical'] })
    await system.settle()
    expect(await press.limit('lead')).toBe(13)
    expect(await press.signRollback('lead', '1.0.0', 'EPA Counsel')).toMatchObject({ run: one.run, digest: one.digest, missing: [] })
    await press.whenState(one.run!, 'SUCCEEDED')
    expect(await press.limit('lead')).toBe(15)
  })

  it('ends the run under way and takes its canary back; what waited behind it is stale', async () => {
    const active = await press.approve(['pm25@5.0.0=20'])
    await press.whenState(active, 'CANARY')
    const waiting = await press.approve(['pm25@6.0.0=15'], {}, { queue: true })
    await goBack('1.0.0')
    await press.whenState(active, 'ABORTED')
    await press.whenState(waiting, 'STALE')
    expect(await press.show(active)).toMatchObject({ reason: 'ROLLED_BACK' })
    expect(await press.api.get<{ state: string }>(`/v1/canaries/${active}`)).toMatchObject({ state: 'ended' })
  })

  it('ends stale when another version is live before the last signature', async () => {
    await liveCritical('zinc', '1.0.0', 15)
    await liveCritical('zinc', '2.0.0', 14)
    await liveCritical('zinc', '3.0.0', 13, ['zinc@2.0.0'])
    const { run } = await press.signRollback('zinc', '1.0.0')
    await press.api.post('/v1/rollbacks', { policy: 'zinc', version: '2.0.0' })
    await press.whenState(run!, 'STALE')
  })

  it('goes during the stop', async () => {
    await press.freeze({ id: 'stop-the-line' })
    await goBack('1.0.0')
    expect(await press.limit('pm25')).toBe(35)
  })

  it('is in the audit log as an approval and as what came of it, under its run', async () => {
    const run = await goBack('1.0.0')
    const types = async (): Promise<string[]> => (await press.api.get<AuditEntry[]>(`/v1/audit/entries?run=${run}`)).map(({ type }) => type)
    await system.runUntil(async () => (await types()).includes('hms.rollout.reversed.v1'), 10_000)
    expect(await types()).toEqual(expect.arrayContaining(['hms.approval.approved.v1', 'hms.head.issued.v1']))
    expect((await types()).filter((type) => type.startsWith('hms.lint') || type.startsWith('hms.canary'))).toEqual([])
  })

  async function goBack(version: string): Promise<number> {
    const { run } = await press.signRollback('pm25', version)
    await press.whenState(run!, 'SUCCEEDED')
    await system.settle()
    return run!
  }

  async function live(policies: string[], plan: PlanOptions = {}, signers = ['EPA Chief']): Promise<void> {
    const tags = signers.length > 1 ? ['critical'] : []
    const runs = []
    for (const signer of signers)
      runs.push(await press.approve(policies, runs.length === 0 ? { ...AT_ONCE, ...plan } : {}, { tags, signer }))
    await press.whenState(runs[0]!, 'SUCCEEDED')
  }

  function liveCritical(id: string, version: string, limit: number, fallbacks?: string[]): Promise<void> {
    return live([`${id}@${version}=${limit}`], fallbacks === undefined ? {} : { fallbacks }, ['EPA Chief', 'EPA Counsel'])
  }

  async function stableHead(): Promise<ConfigDocument> {
    const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
    const found = documents.find(({ id, scope }) => id === 'pm25' && scope === 'global')!
    expect(rollbackOf({ envelope: found.release! })).toBeDefined()
    return found
  }

  async function rollBack(version: string): Promise<unknown> {
    return press.api.post('/v1/rollbacks', { policy: 'pm25', version })
  }
})
