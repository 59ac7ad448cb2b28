import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signApproval, submitApproval } from '#libs/client'
import type { PreparedApproval, Ticket } from '#libs/contracts'
import { POLICIES } from '../../apps/approver/src/policies/policy.table.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { RawBot } from '../support/raw-bot.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const EVERYONE = { share: 10_000, scope: 'region:NCR' }
const LONG = { ...EVERYONE, observeMs: 3_600_000, bakeMs: 0 }
const NEWER = { supersede: true }

let system: MemorySystem
let press: PipelineDriver
let bots: RawBot[] = []

beforeEach(async () => {
  system = await startMemorySystem()
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
})
afterEach(async () => {
  for (const bot of bots) bot.close()
  bots = []
  await system.stop()
})

async function connect(name: string): Promise<RawBot> {
  const bot = await RawBot.connect(system.url, name, 'NCR')
  bots.push(bot)
  return bot
}
const versionAt = (bot: RawBot) => bot.versionOf('pm25', system.clock.now().getTime())
const sign = async (prepared: PreparedApproval, name = 'EPA Chief') =>
  (await submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get(name)!))).run!
const alert = (bot: string) => {
  const reading = { id: bot, at: '2026-01-01T00:00:00Z', region: 'NCR', pm25: 5 }
  return press.api.post('/v1/alerts', { id: `alert-${bot}`, bot, region: 'NCR', kind: 'Violation', value: 5, reading })
}
async function observed(version = '2.0.0'): Promise<number> {
  const run = await press.approve([`pm25@${version}=25`], LONG)
  await press.whenState(run, 'CANARY')
  await system.settle()
  return run
}

describe('a newer release that supersedes', () => {
  it('ends the canary under way first: its cohort is rolled back, and the run names its successor', async () => {
    const older = await observed()
    const bot = await connect('bot-1')
    await system.settle()
    expect(versionAt(bot)).toBe('2.0.0')
    const newer = await press.approve(['pm25@3.0.0=20'], LONG, NEWER)
    await press.whenState(older, 'SUPERSEDED')
    expect(await press.show(older)).toMatchObject({
      reason: 'NEWER_RELEASE',
      supersededBy: newer,
      detail: `by run #${newer}: pm25@3.0.0 takes its place`,
      decisions: [{ decision: 'supersede', by: `run #${newer}`, outcome: 'applied', successor: newer }],
    })
    await press.whenState(newer, 'CANARY')
    await system.settle()
    expect(versionAt(bot)).toBe('3.0.0')
    expect(await press.api.get(`/v1/canaries/${older}`)).toMatchObject({ state: 'ended' })
    expect(await press.limit('pm25')).toBe(35)
  })

  it('counts its own alerts alone', async () => {
    const older = await observed()
    for (const name of ['bot-1', 'bot-2', 'bot-3']) await connect(name)
    await system.settle()
    await alert('bot-1')
    await system.settle()
    const newer = await press.approve(['pm25@3.0.0=20'], LONG, NEWER)
    await press.whenState(older, 'SUPERSEDED')
    await press.whenState(newer, 'CANARY')
    await system.settle()
    await alert('bot-2')
    await system.settle()
    const canary = await press.api.get<{ unexplained: { bot: string }[] }>(`/v1/canaries/${newer}`)
    expect(canary.unexplained.map(({ bot }) => bot)).toEqual(['bot-2'])
    expect((await press.show(newer)).state).toBe('CANARY')
  })

  it('ends what waits for its turn too: the newest wins', async () => {
    const older = await observed()
    const queued = await press.approve(['pm25@3.0.0=20'], AT_ONCE, { queue: true })
    const newer = await press.approve(['pm25@4.0.0=15'], AT_ONCE, NEWER)
    expect(await press.show(queued)).toMatchObject({ state: 'SUPERSEDED', supersededBy: newer })
    await press.whenState(newer, 'SUCCEEDED')
    expect((await press.show(older)).state).toBe('SUPERSEDED')
    expect(await press.limit('pm25')).toBe(15)
  })

  it('ends a whole bundle of which it contains a part', async () => {
    const older = await press.approve(['pm25@2.0.0=25', 'ozone@1.0.0=70'], LONG)
    await press.whenState(older, 'CANARY')
    const newer = await press.approve(['pm25@3.0.0=20'], AT_ONCE, NEWER)
    await press.whenState(newer, 'SUCCEEDED')
    expect(await press.show(older)).toMatchObject({ state: 'SUPERSEDED', supersededBy: newer })
    await press.whenState(await press.approve(['ozone@1.0.0=70'], AT_ONCE), 'SUCCEEDED')
  })

  it('ends a paused run, and its ticket becomes moot', async () => {
    await connect('mute-1')
    const older = await press.approve(['pm25@2.0.0=25'], LONG)
    await press.reaches(older, 'PAUSED')
    await press.approve(['pm25@3.0.0=20'], LONG, NEWER)
    await press.whenState(older, 'SUPERSEDED')
    const [ticket] = await press.api.get<Ticket[]>('/v1/tickets')
    expect(ticket).toMatchObject({ run: older, state: 'MOOT', decided: null })
  })

  it('follows a rollout that has begun, and takes nothing of it back', async () => {
    const older = await press.approve(['pm25@2.0.0=25'], { observeMs: 0, bakeMs: 60_000 })
    await press.reaches(older, 'BAKING')
    const newer = await press.approve(['pm25@3.0.0=20'], AT_ONCE, NEWER)
    expect((await press.show(older)).decisions).toEqual([])
    await press.reaches(older, 'SUCCEEDED')
    await press.whenState(newer, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(20)
  })

  it('ends nothing when the run went to all before the last signature: it is stale itself', async () => {
    const older = await press.approve(['pm25@2.0.0=25'], { observeMs: 1_000, bakeMs: 60_000 })
    await press.whenState(older, 'CANARY')
    const prepared = await press.prepare(['pm25@3.0.0=20'], AT_ONCE, NEWER)
    await press.reaches(older, 'BAKING')
    const newer = await sign(prepared)
    await press.reaches(older, 'SUCCEEDED')
    expect((await press.show(older)).decisions).toEqual([])
    await press.whenState(newer, 'STALE')
  })

  it('ends nothing when it would be stale itself: another of its policies moved', async () => {
    const older = await observed()
    const prepared = await press.prepare(['pm25@3.0.0=20', 'ozone@1.0.0=70'], AT_ONCE, NEWER)
    await press.whenState(await press.approve(['ozone@0.9.0=80'], { ...AT_ONCE, scope: 'region:VA' }), 'SUCCEEDED')
    await sign(prepared)
    await system.settle()
    expect(await press.show(older)).toMatchObject({ state: 'CANARY', decisions: [] })
  })

  it('ends no run of a release that was prepared after it', async () => {
    const prepared = await press.prepare(['pm25@3.0.0=20'], AT_ONCE, NEWER)
    const later = await observed()
    const run = await sign(prepared)
    await system.settle()
    expect(await press.show(later)).toMatchObject({ state: 'CANARY', decisions: [] })
    expect((await press.show(run)).state).toBe('QUEUED')
  })

  it('has to choose between waiting behind a run and ending it', async () => {
    await observed()
    await expect(press.approve(['pm25@3.0.0=20'])).rejects.toMatchObject({ code: 'HMS_APPROVER_RUN_ACTIVE', status: 409 })
    const both = press.approve(['pm25@3.0.0=20'], {}, { queue: true, supersede: true })
    await expect(both).rejects.toMatchObject({ code: 'HMS_APPROVER_QUEUE_OR_SUPERSEDE', status: 400 })
  })
})

describe('signatures that are missing', () => {
  const CRITICAL = { tags: ['critical'], signer: 'EPA Counsel' }

  it('end no run: only the last one does', async () => {
    const older = await observed()
    const newer = await press.approve(['pm25@3.0.0=20'], AT_ONCE, { ...NEWER, tags: ['critical'] })
    await system.settle()
    expect(await press.show(newer)).toMatchObject({ state: 'AWAITING_APPROVAL' })
    expect(await press.waiting(newer)).toMatchObject({ supersede: true })
    expect(await press.show(older)).toMatchObject({ state: 'CANARY', decisions: [] })
    await press.approve(['pm25@3.0.0=20'], {}, CRITICAL)
    await press.whenState(older, 'SUPERSEDED')
    await press.whenState(newer, 'SUCCEEDED')
  })

  it('leave to the first signer whether it supersedes', async () => {
    const newer = await press.approve(['pm25@3.0.0=20'], AT_ONCE, { tags: ['critical'] })
    const older = await observed()
    const otherwise = press.approve(['pm25@3.0.0=20'], {}, { ...NEWER, ...CRITICAL })
    await expect(otherwise).rejects.toMatchObject({ code: 'HMS_APPROVER_PLAN_DIFFERS', status: 409 })
    expect((await press.show(newer)).state).toBe('AWAITING_APPROVAL')
    expect((await press.show(older)).state).toBe('CANARY')
  })
})

describe('the canary of a newer run', () => {
  it('ends an older one of its policy, though the event of its end has not arrived', async () => {
    const older = await observed()
    const approver = system.host.runtimes.get('approver')!
    await approver.database.transaction(async (tx) => {
      await tx.documents(POLICIES).put({ ...(await tx.documents(POLICIES).get('pm25'))!, active: null })
    })
    const newer = await press.approve(['pm25@3.0.0=20'], LONG)
    await press.whenState(newer, 'CANARY')
    await system.settle()
    expect(await press.api.get(`/v1/canaries/${older}`)).toMatchObject({ state: 'ended' })
    expect(versionAt(await connect('bot-1'))).toBe('3.0.0')
  })
})
