import { afterEach, describe, expect, it } from 'vitest'
import type { CoverageView, RunView } from '#libs/contracts'
import { signRunDecision, type RosterPredicate, type Signer } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { RawBot } from '../support/raw-bot.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const EVERYONE = { share: 10_000, scope: 'region:NCR', observeMs: 1_000, bakeMs: 1_000 }
const WITHIN_MS = 120_000
const LONG_MS = 15 * 60_000

let system: MemorySystem
let press: PipelineDriver
let bots: RawBot[] = []

async function start(environment: Record<string, string> = {}, change?: (roster: RosterPredicate) => void): Promise<void> {
  system = await startMemorySystem(environment, undefined, change)
  press = new PipelineDriver(system)
  await press.whenState(await press.approve(['pm25@1.0.0=35'], AT_ONCE), 'SUCCEEDED')
}
afterEach(async () => {
  for (const bot of bots) bot.close()
  bots = []
  await system.stop()
})

async function connect(name: string, region = 'NCR'): Promise<RawBot> {
  const bot = await RawBot.connect(system.url, name, region)
  bots.push(bot)
  return bot
}
const stageOf = async (run: number, name: string) => (await press.show(run)).stages.find(({ stage }) => stage === name)!
const deadlines = (run: number) => {
  const approver = system.host.runtimes.get('approver')!
  return approver.database.transaction((tx) => approver.timers.pending(tx, `run-deadline:${run}`))
}
/** Waits until the store has received the bot’s acknowledgement of version 2, without moving time. */
const acknowledge = async (bot: RawBot): Promise<void> => {
  for (let lags = true; lags;) {
    await system.settle()
    if (bot.versionOf('pm25', system.clock.now().getTime()) !== '2.0.0') continue
    bot.acknowledge('pm25', system.clock.now().getTime())
    const { lagging } = await press.api.get<CoverageView>('/v1/coverage', { policy: 'pm25' })
    lags = lagging.some(({ id }) => id === bot.bot)
  }
}

describe('a cohort that is connected and silent', () => {
  it('pauses the run, which names it, keeps its lease and its timer, and does not continue without a decision', async () => {
    await start()
    await connect('mute-1')
    await connect('mute-2')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
    await press.reaches(run, 'PAUSED')
    expect(await press.show(run)).toMatchObject({ reason: 'ACK_TIMEOUT', endedAt: null })
    expect(await stageOf(run, 'canary')).toMatchObject({
      verdict: 'INCONCLUSIVE',
      detail: 'ACK_TIMEOUT: 0 of 2 bots acknowledged; silent: mute-1, mute-2',
    })
    const until = system.clock.now().getTime() + 300_000
    await system.runUntil(async () => system.clock.now().getTime() >= until, 301_000)
    expect((await press.show(run)).state).toBe('PAUSED')
    expect(await press.limit('pm25')).toBe(35)
    expect(await deadlines(run)).toHaveLength(1)
    const { leaseUntil } = await press.api.get<{ leaseUntil: string }>(`/v1/canaries/${run}`)
    expect(Date.parse(leaseUntil)).toBeGreaterThan(system.clock.now().getTime())
  })

  it('does so when it joins during the observation, too', async () => {
    await start()
    const run = await press.approve(['pm25@2.0.0=25'], { ...EVERYONE, observeMs: 60_000 })
    await press.whenState(run, 'CANARY')
    await system.settle()
    await connect('late-mute')
    await press.reaches(run, 'PAUSED')
    expect((await stageOf(run, 'canary')).detail).toContain('silent: late-mute')
  })

  it('ends at its deadline, and then no bot uses the canary', async () => {
    await start({ HMS_APPROVER_PAUSE_DEADLINE: '5m' })
    const bot = await connect('mute-1')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
    await press.reaches(run, 'PAUSED')
    await press.reaches(run, 'ABORTED', 400_000)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ reason: 'PAUSE_EXPIRED' })
    expect(bot.versionOf('pm25', system.clock.now().getTime())).toBe('1.0.0')
    expect(await press.api.get(`/v1/canaries/${run}`)).toMatchObject({ state: 'ended' })
  })

  it('is still guarded: unexplained alerts take a paused canary back', async () => {
    await start()
    await connect('mute-1')
    await connect('mute-2')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
    await press.reaches(run, 'PAUSED')
    const reading = { at: '2026-01-01T00:00:00Z', region: 'NCR', pm25: 5 }
    for (const bot of ['mute-1', 'mute-2'])
      await press.api.post('/v1/alerts', {
        id: `alert-${bot}`,
        bot,
        region: 'NCR',
        kind: 'Violation',
        value: 5,
        reading: { id: bot, ...reading },
      })
    await press.whenState(run, 'ROLLED_BACK')
  })
})

describe('a run paused in its canary', () => {
  async function paused(): Promise<{ run: number; bot: RawBot }> {
    await start()
    const bot = await connect('mute-1')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
    await press.reaches(run, 'PAUSED')
    return { run, bot }
  }

  it('ends ABORTED when a person aborts it; the canary is rolled back, and a second decision is too late', async () => {
    const { run, bot } = await paused()
    const view = await press.decide(run, 'abort', 'EPA Counsel', 'bot is broken')
    expect(view).toMatchObject({
      state: 'ABORTED',
      reason: 'DECIDED',
      detail: 'EPA Counsel: bot is broken',
      decisions: [{ decision: 'abort', by: 'EPA Counsel', outcome: 'applied' }],
    })
    await system.settle()
    expect(bot.versionOf('pm25', system.clock.now().getTime())).toBe('1.0.0')
    for (const decision of ['abort', 'resume', 'promote'] as const) {
      await expect(press.decide(run, decision)).rejects.toMatchObject({
        code: 'HMS_RUN_DECISION_LATE',
        status: 409,
        state: { state: 'ABORTED' },
      })
    }
    expect(await press.approve(['pm25@2.1.0=24'], AT_ONCE)).toBe(run + 1)
  })

  it('restarts when a person retries it: the first canary is rolled back, and nothing is carried over', async () => {
    const { run, bot } = await paused()
    const seen = await press.api.get<{ members: { seq: number }[] }>(`/v1/canaries/${run}`)
    expect(await press.decide(run, 'retry')).toMatchObject({ attempt: 2, decisions: [{ decision: 'retry', outcome: 'applied' }] })
    await press.whenState(run, 'CANARY')
    await acknowledge(bot)
    const canary = await press.api.get<{ members: { seq: number }[] }>(`/v1/canaries/${run}`)
    // One head took the first attempt back before the second was shown.
    expect(canary.members[0]!.seq).toBeGreaterThanOrEqual(seen.members[0]!.seq + 2)
    await press.reaches(run, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(25)
  })

  it('continues when a person resumes it: passes when the bot acknowledges now, pauses again when it does not', async () => {
    const { run, bot } = await paused()
    expect(await press.decide(run, 'resume')).toMatchObject({ state: 'CANARY' })
    await press.reaches(run, 'PAUSED')
    await press.decide(run, 'resume')
    await acknowledge(bot)
    await press.reaches(run, 'SUCCEEDED')
    expect((await press.show(run)).decisions.map(({ outcome }) => outcome)).toEqual(['applied', 'applied'])
    expect(await press.limit('pm25')).toBe(25)
  })

  it('continues when a person promotes it, into a rollout that waits for the fleet’s own acknowledgements', async () => {
    const { run } = await paused()
    await press.decide(run, 'promote', 'EPA Chief', 'known to be mute')
    await press.reaches(run, 'PAUSED')
    expect(await stageOf(run, 'canary')).toMatchObject({ verdict: 'PASS', detail: 'promoted by EPA Chief: known to be mute' })
    expect((await stageOf(run, 'rollout')).detail).toBe('ACK_TIMEOUT: 0 of 1 bot acknowledged; silent: mute-1')
    await press.decide(run, 'promote')
    await press.reaches(run, 'SUCCEEDED')
    expect((await stageOf(run, 'rollout')).detail).toContain('1 silent, accepted by EPA Chief')
  })

  it('while a decision is pending no other is accepted', async () => {
    const { run } = await paused()
    const { attempt, digest: subject } = await press.show(run)
    const at = system.clock.now()
    const signed = (decision: 'abort' | 'promote', name: string) =>
      signRunDecision({ run, attempt, subject, decision, reason: 'race', at }, system.signers.get(name)!)
    const [abort, promote] = [await signed('abort', 'EPA Chief'), await signed('promote', 'EPA Counsel')]
    const post = (statement: unknown) => press.api.post<RunView>(`/v1/runs/${run}/decisions`, { statement })
    // While its database is held, the canary controller cannot answer.
    await system.host.runtimes.get('canary-controller')!.database.locked([], async () => {
      expect(await post(abort)).toMatchObject({ decisions: [{ outcome: 'pending' }] })
      await expect(post(promote)).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_PENDING', status: 409 })
    })
    await press.whenState(run, 'ABORTED')
  })

  it('of two decisions at once the first counts, and the same one again is the first', async () => {
    const { run } = await paused()
    const { attempt, digest: subject } = await press.show(run)
    const signed = (decision: 'abort' | 'promote', signer: Signer) =>
      signRunDecision({ run, attempt, subject, decision, reason: 'race', at: system.clock.now() }, signer)
    const [abort, promote] = [
      await signed('abort', system.signers.get('EPA Chief')!),
      await signed('promote', system.signers.get('EPA Counsel')!),
    ]
    const post = (statement: unknown) => press.api.post<RunView>(`/v1/runs/${run}/decisions`, { statement })
    const answers = await Promise.allSettled([post(abort), post(promote), post(abort)])
    await press.whenState(run, 'ABORTED')
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await post(abort)).decisions).toMatchObject([{ decision: 'abort', outcome: 'applied' }])
    expect(answers[1]).toMatchObject({ reason: { status: 409 } })
  })
})

describe('a rollout', () => {
  it('pauses without its quorum, and rolls back when a person aborts it', async () => {
    await start()
    await connect('mute-va', 'VA')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
    await press.reaches(run, 'PAUSED')
    expect(await press.show(run)).toMatchObject({ reason: 'ACK_TIMEOUT' })
    expect((await stageOf(run, 'rollout')).detail).toContain('silent: mute-va')
    expect(await press.limit('pm25')).toBe(25)
    const view = await press.decide(run, 'abort')
    expect(view).toMatchObject({ state: 'ABORTED', reason: 'DECIDED' })
    await system.settle()
    expect(await press.limit('pm25')).toBe(35)
    expect(await press.provenance('pm25')).toMatchObject({ run: 1 })
  })

  it('continues after a resume once the fleet acknowledges, however long it was paused', async () => {
    await start()
    const bot = await connect('mute-va', 'VA')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
    await press.reaches(run, 'PAUSED')
    const until = system.clock.now().getTime() + LONG_MS
    await system.runUntil(async () => system.clock.now().getTime() >= until, LONG_MS + 1_000)
    await acknowledge(bot)
    await press.decide(run, 'resume')
    await press.reaches(run, 'SUCCEEDED')
  })

  it('continues without a decision once it has its quorum, and counts silent bots', async () => {
    await start({ HMS_ROLLOUT_QUORUM: '50%' })
    const bot = await connect('heard', 'VA')
    await connect('mute-va', 'VA')
    const run = await press.approve(['pm25@2.0.0=25'], EVERYONE)
    await press.reaches(run, 'ROLLING_OUT')
    await acknowledge(bot)
    await press.reaches(run, 'SUCCEEDED')
    expect((await stageOf(run, 'rollout')).detail).toBe('1 of 2 bots acknowledged; 1 silent')
  })

  it('pauses for a fleet that joins during the bake and is silent', async () => {
    await start()
    const run = await press.approve(['pm25@2.0.0=25'], { ...EVERYONE, bakeMs: 60_000 })
    await press.reaches(run, 'BAKING')
    await connect('mute-va', 'VA')
    await press.reaches(run, 'PAUSED')
    expect(await press.decide(run, 'promote')).toMatchObject({ decisions: [{ outcome: 'applied' }] })
    await press.reaches(run, 'SUCCEEDED')
  })

  it('completes though a silent bot joins just before the end of its bake; that one is listed as lagging', async () => {
    await start({ HMS_ROLLOUT_QUORUM: '99%' })
    const heard = [await connect('one-va', 'VA'), await connect('two-va', 'VA')]
    const run = await press.approve(['pm25@2.0.0=25'], { ...EVERYONE, bakeMs: 60_000 })
    await press.reaches(run, 'ROLLING_OUT')
    for (const bot of heard) await acknowledge(bot)
    await press.reaches(run, 'BAKING')
    const end = system.clock.now().getTime() + 58_000
    await system.runUntil(async () => system.clock.now().getTime() >= end, 59_000)
    await connect('mute-va', 'VA')
    await press.reaches(run, 'SUCCEEDED')
    expect((await stageOf(run, 'rollout')).detail).toContain('2 of 3 bots acknowledged; 1 silent')
    const { lagging } = await press.api.get<CoverageView>('/v1/coverage', { policy: 'pm25' })
    expect(lagging.map(({ id }) => id)).toEqual(['mute-va'])
  })

  it('pauses for a fleet that joins late in a long bake and is silent; one that acknowledged meanwhile lets it continue', async () => {
    await start()
    const run = await press.approve(['pm25@2.0.0=25'], { ...EVERYONE, bakeMs: 20 * 60_000 })
    await press.reaches(run, 'BAKING')
    const later = system.clock.now().getTime() + 12 * 60_000
    await system.runUntil(async () => system.clock.now().getTime() >= later, 13 * 60_000)
    const bot = await connect('mute-va', 'VA')
    await system.runUntil(async () => (await press.show(run)).state === 'PAUSED', 10 * 60_000)
    expect(await press.show(run)).toMatchObject({ reason: 'ACK_TIMEOUT' })
    await acknowledge(bot)
    await press.decide(run, 'resume')
    await press.reaches(run, 'SUCCEEDED')
  })

  it('is aborted while it bakes: what was live before is live again', async () => {
    await start()
    const run = await press.approve(['pm25@2.0.0=25'], { ...AT_ONCE, bakeMs: 3_600_000 })
    await press.reaches(run, 'BAKING')
    expect(await press.decide(run, 'abort')).toMatchObject({ state: 'ABORTED' })
    await system.settle()
    expect(await press.limit('pm25')).toBe(35)
    await expect(press.api.post('/v1/rollbacks', { policy: 'pm25', version: '2.0.0' })).rejects.toMatchObject({
      code: 'HMS_ROLLOUT_NOT_PREAPPROVED',
      status: 403,
    })
  })
})

describe('an abort', () => {
  it('ends a run that is observed, one that waits for its turn and one that waits for signatures', async () => {
    await start()
    const active = await press.approve(['pm25@2.0.0=25'], { ...EVERYONE, observeMs: 3_600_000 })
    await press.whenState(active, 'CANARY')
    const queued = await press.approve(['pm25@3.0.0=20'], {}, { queue: true })
    const waiting = await press.approve(['lead@1.0.0=9'], AT_ONCE, { tags: ['critical'] })
    const { digest } = await press.waiting(waiting)
    for (const run of [queued, waiting, active]) {
      expect(await press.decide(run, 'abort', 'Air Office')).toMatchObject({
        state: 'ABORTED',
        reason: 'DECIDED',
        decisions: [{ by: 'Air Office', outcome: 'applied' }],
      })
      expect(await deadlines(run)).toEqual([])
    }
    expect(await press.api.get(`/v1/approvals/${encodeURIComponent(digest)}`)).toMatchObject({ state: 'ABORTED' })
    expect(await press.api.get(`/v1/canaries/${active}`)).toMatchObject({ state: 'ended' })
  })

  it('catches up with a run that advances meanwhile, in whatever stage, and ends it once', async () => {
    await start()
    for (let index = 1; index <= 12; index++) {
      const run = await press.approve([`pm25@1.${index}.0=3${index % 10}`], AT_ONCE)
      for (let step = 0; step < index; step++) await new Promise((resolve) => setImmediate(resolve))
      const view = await press.decide(run, 'abort').catch((error: { state: RunView; code: string }) => error)
      await system.runUntil(async () => (await press.show(run)).endedAt !== null, WITHIN_MS)
      const { state, decisions } = await press.show(run)
      expect(state).toBe('code' in view ? 'SUCCEEDED' : 'ABORTED')
      expect(decisions.filter(({ outcome }) => outcome === 'applied')).toHaveLength(state === 'ABORTED' ? 1 : 0)
    }
  })

  it('ends an observation when a person promotes it, and names that person', async () => {
    await start()
    const run = await press.approve(['pm25@2.0.0=25'], { ...EVERYONE, observeMs: 3_600_000 })
    await press.whenState(run, 'CANARY')
    await press.decide(run, 'promote', 'EPA Chief', 'seen enough')
    expect(await stageOf(run, 'canary')).toMatchObject({ verdict: 'PASS', detail: 'promoted by EPA Chief: seen enough' })
  })

  it('is no way into a run that is not paused', async () => {
    await start()
    const run = await press.approve(['pm25@2.0.0=25'], { ...EVERYONE, observeMs: 3_600_000 })
    await press.whenState(run, 'CANARY')
    await expect(press.decide(run, 'resume')).rejects.toMatchObject({ code: 'HMS_RUN_NOT_PAUSED', status: 409 })
    await expect(press.decide(1, 'abort')).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_LATE', state: { state: 'SUCCEEDED' } })
    await expect(press.decide(99, 'abort')).rejects.toMatchObject({ code: 'HMS_RUN_NOT_FOUND', status: 404 })
  })
})

describe('a bake that a person ends early', () => {
  it('ends when it is promoted, and never below the minimum of the roster', async () => {
    system = await startMemorySystem({}, undefined, (roster) => void (roster.bounds = { minBakeMs: 60_000 }))
    press = new PipelineDriver(system)
    const run = await press.approve(['pm25@1.0.0=25'], { observeMs: 0, bakeMs: 600_000 })
    await press.whenState(run, 'BAKING')
    const began = system.clock.now().getTime()
    expect(await press.decide(run, 'promote')).toMatchObject({ state: 'BAKING' })
    await press.reaches(run, 'SUCCEEDED')
    const took = system.clock.now().getTime() - began
    expect([took >= 60_000, took < 120_000]).toEqual([true, true])
    expect((await press.show(run)).decisions).toMatchObject([{ decision: 'promote', outcome: 'applied' }])
    expect(await press.limit('pm25')).toBe(25)
  })

  it('continues where it is break-glass', async () => {
    await start()
    const run = await press.breakGlass(['pm25@2.0.0=25'])
    await press.whenState(run, 'BAKING')
    await expect(press.decide(run, 'promote')).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_NOT_NOW', status: 409 })
  })
})
