import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signApproval, submitApproval, submitBreakGlass } from '#libs/client'
import type { PreparedApproval } from '#libs/contracts'
import { quarantine } from '../../apps/approver/src/policies/quarantine.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { RawBot } from '../support/raw-bot.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const OBSERVED = { share: 10_000, scope: 'region:NCR', observeMs: 600_000, bakeMs: 0 }
const CRITICAL = { tags: ['critical'] }
const STALE = {
  reason: 'QUARANTINED',
  detail: expect.stringMatching(/^pm25@2\.0\.0 was .+ after this was prepared; approve the file again$/),
}
const REFUSED = { code: 'HMS_APPROVER_QUARANTINED', status: 409 }

let system: MemorySystem
let press: PipelineDriver
beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
})
afterEach(() => system.stop())

const sign = async (prepared: PreparedApproval, name = 'EPA Chief'): Promise<number> =>
  (await submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get(name)!))).run!

async function observed(): Promise<number> {
  const run = await press.approve(['pm25@2.0.0=25'], OBSERVED)
  await press.whenState(run, 'CANARY')
  await system.settle()
  return run
}

/** Two bots complain, and no scenario explains it. */
async function fails(run: number): Promise<void> {
  for (const bot of ['bot-1', 'bot-2']) {
    const reading = { id: bot, at: '2026-01-01T00:00:00Z', region: 'NCR', pm25: 5 }
    await press.api.post('/v1/alerts', { id: `${run}-${bot}`, bot, region: 'NCR', kind: 'Violation', value: 5, reading })
  }
  await press.whenState(run, 'ROLLED_BACK')
  await system.settle()
}

describe('a version whose canary failed', () => {
  it('ends a bundle that waits for signatures at once', async () => {
    const failing = await press.approve(['pm25@2.0.0=25'], OBSERVED, CRITICAL)
    await press.approve(['pm25@2.0.0=25'], {}, { ...CRITICAL, signer: 'EPA Counsel' })
    await press.whenState(failing, 'CANARY')
    const waiting = await press.approve(['pm25@2.0.0=25', 'ozone@1.0.0=70'], AT_ONCE, { ...CRITICAL, supersede: true })
    await system.settle()
    expect((await press.show(waiting)).state).toBe('AWAITING_APPROVAL')
    await fails(failing)
    await press.whenState(waiting, 'STALE')
    expect(await press.show(waiting)).toMatchObject(STALE)
  })

  it('is approved again after a new preparation, which names the run that failed', async () => {
    const failing = await observed()
    await fails(failing)
    const prepared = await press.prepare(['pm25@2.0.0=25'], AT_ONCE)
    expect(prepared.releases[0]!.takenBack).toMatchObject({ run: failing })
    await press.whenState(await sign(prepared), 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(25)
  })

  it('accepts no signature over an earlier preparation, and is prepared again by the same request', async () => {
    const bundle = ['pm25@2.0.0=25', 'ozone@1.0.0=70']
    const before = await press.prepare(bundle, AT_ONCE)
    const failing = await observed()
    await fails(failing)
    await expect(sign(before)).rejects.toMatchObject({ ...REFUSED, state: { version: 'pm25@2.0.0', run: failing } })
    const again = await press.prepare(bundle, AT_ONCE)
    expect(again.digest).not.toBe(before.digest)
    await press.whenState(await sign(again), 'SUCCEEDED')
  })

  it('takes no break-glass over what was prepared before', async () => {
    const before = await press.prepareBreakGlass(['pm25@2.0.0=25'])
    await fails(await observed())
    const people = ['EPA Chief', 'EPA Counsel'].map((name) => signApproval(before, system.signers.get(name)!))
    await expect(submitBreakGlass(press.api, before, await Promise.all(people))).rejects.toMatchObject(REFUSED)
    await press.whenState(await press.breakGlass(['pm25@2.0.0=25']), 'BAKING')
  })
})

describe('a version that people took back', () => {
  it('is not reinstated by a bundle that leaves the queue', async () => {
    const ahead = await press.approve(['ozone@1.0.0=70'], { observeMs: 0, bakeMs: 60_000 })
    await press.whenState(ahead, 'BAKING')
    const bundle = await press.approve(['pm25@2.0.0=25', 'ozone@1.1.0=65'], AT_ONCE, { queue: true })
    const first = await press.breakGlass(['pm25@2.0.0=25'])
    await press.whenState(first, 'BAKING')
    await press.decide(first, 'abort')
    await press.whenState(first, 'ABORTED')
    await system.settle()
    expect([(await press.show(bundle)).state, await press.limit('pm25')]).toEqual(['QUEUED', 35])
    await press.reaches(ahead, 'SUCCEEDED')
    await press.whenState(bundle, 'STALE')
    expect(await press.show(bundle)).toMatchObject(STALE)
    expect([await press.limit('pm25'), await press.limit('ozone')]).toEqual([35, 70])
  })

  it('does not come in again by a signature over what was prepared before it was live', async () => {
    const before = await press.prepare(['pm25@2.0.0=25'], { ...AT_ONCE, partners: [] })
    await press.whenState(await press.approve(['pm25@2.0.0=25'], AT_ONCE), 'SUCCEEDED')
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
    await system.settle()
    await expect(sign(before)).rejects.toMatchObject({ ...REFUSED, state: { version: 'pm25@2.0.0', run: null } })
    expect(await press.limit('pm25')).toBe(35)
    await press.whenState(await press.approve(['pm25@2.0.0=25'], AT_ONCE), 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(25)
  })

  it('by an abort of its canary comes in again by a new approval alone', async () => {
    const before = await press.prepare(['pm25@2.0.0=25'], AT_ONCE)
    const active = await observed()
    await press.decide(active, 'abort')
    await press.whenState(active, 'ABORTED')
    await system.settle()
    await expect(sign(before)).rejects.toMatchObject({ ...REFUSED, state: { run: active } })
  })

  it('supersedes nothing where the last signature arrives before the event of its rollback', async () => {
    const active = await observed()
    const bundle = await press.approve(['pm25@3.0.0=20', 'ozone@1.0.0=70'], AT_ONCE, { ...CRITICAL, supersede: true })
    await system.host.runtimes.get('approver')!.database.transaction((tx) => quarantine(tx, 'pm25', '3.0.0', null))
    await press.approve(['pm25@3.0.0=20', 'ozone@1.0.0=70'], {}, { ...CRITICAL, signer: 'EPA Counsel' })
    await system.settle()
    expect(await press.show(active)).toMatchObject({ state: 'CANARY', decisions: [] })
    await press.decide(active, 'abort')
    await press.whenState(bundle, 'STALE')
  })

  it('is reinstated when that rollback is reverted', async () => {
    await press.whenState(await press.approve(['pm25@2.0.0=25'], AT_ONCE), 'SUCCEEDED')
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
    await system.settle()
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '2.0.0' })
    await system.settle()
    expect(await press.limit('pm25')).toBe(25)
  })
})

describe('a run that people retried', () => {
  it('continues by their decision, whatever happened to the version meanwhile', async () => {
    const mute = await RawBot.connect(system.url, 'mute-1', 'NCR')
    const run = await press.approve(['pm25@2.0.0=25'], OBSERVED)
    await press.reaches(run, 'PAUSED')
    mute.close()
    await system.host.runtimes.get('approver')!.database.transaction((tx) => quarantine(tx, 'pm25', '2.0.0', null))
    await press.decide(run, 'retry')
    await press.reaches(run, 'SUCCEEDED', 1_200_000)
    expect(await press.show(run)).toMatchObject({ attempt: 2 })
  })
})
