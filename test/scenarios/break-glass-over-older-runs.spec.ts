import { afterEach, describe, expect, it } from 'vitest'
import { isTerminal } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { RawBot } from '../support/raw-bot.js'

const HOUR_MS = 3_600_000
const POLICIES = ['pm25', 'so2']
const OLDER = ['pm25@2.0.0=25', 'so2@2.0.0=60']
const WATCHED = { share: 10_000, observeMs: 600_000, bakeMs: 600_000 }

let system: MemorySystem
let press: PipelineDriver
let bots: RawBot[] = []
afterEach(async () => {
  bots.forEach((bot) => bot.close())
  bots = []
  await system.stop()
})

const nowMs = (): number => system.clock.now().getTime()
const versionsOf = (bot: RawBot) => POLICIES.map((policy) => bot.versionOf(policy, nowMs()))

/** Moves time while every bot acknowledges what it uses, and expects that no bot uses versions of two runs. */
function until(done: () => Promise<boolean>, maxMs: number): Promise<void> {
  return system.runUntil(async () => {
    for (const bot of bots) {
      expect(new Set(versionsOf(bot)).size).toBe(1)
      bot.acknowledge(POLICIES, nowMs())
    }
    return done()
  }, maxMs)
}

const reaches = (run: number, state: string) => until(async () => (await press.show(run)).state === state, HOUR_MS)
const passes = (ms: number, end = nowMs() + ms) => until(async () => nowMs() >= end, ms + 1_000)
const detailOf = async (run: number) => (await press.show(run)).stages.find(({ stage }) => stage === 'rollout')!.detail

/** Older runs that break-glass meets, by what they are at: the active one, and those behind it. */
const OLDER_RUNS: Record<string, () => Promise<number[]>> = {
  'a canary': async () => [await observed()],
  'a paused canary': async () => {
    const run = await observed()
    await press.decide(run, 'pause')
    await reaches(run, 'PAUSED')
    return [run]
  },
  'a bake': async () => [await baking()],
  'a paused bake': async () => {
    const run = await baking()
    await press.decide(run, 'pause')
    await reaches(run, 'PAUSED')
    return [run]
  },
  'a queued run': async () => {
    const ahead = await observed()
    const queued = await press.approve(['pm25@2.5.0=22', 'so2@2.5.0=55'], WATCHED, { queue: true })
    await reaches(queued, 'QUEUED')
    return [ahead, queued]
  },
  'a run that is held': async () => {
    const effective = new Date(nowMs() + HOUR_MS / 4).toISOString()
    const run = await press.approve(OLDER, { share: 10_000, observeMs: 1_000, bakeMs: 0 }, { effective })
    await until(async () => (await press.show(run)).reason === 'EFFECTIVE_AT', HOUR_MS)
    return [run]
  },
}

async function observed(): Promise<number> {
  const run = await press.approve(OLDER, WATCHED)
  await until(async () => (await press.show(run)).stages.some(({ detail }) => detail.includes('observed until')), 60_000)
  return run
}

async function baking(): Promise<number> {
  const run = await press.approve(OLDER, { ...WATCHED, observeMs: 1_000 })
  await reaches(run, 'BAKING')
  return run
}

/** Without a freeze at once, and behind the stop switch when some time has passed. */
const ROUNDS = Object.keys(OLDER_RUNS).flatMap((what): [string, string, boolean, number][] => [
  [what, 'with no freeze', false, 0],
  [what, 'behind the stop switch', true, 7_300],
])

describe('break-glass', () => {
  it.each(ROUNDS)(
    'goes over %s %s (%s, after %d ms), is what all bots use, and counts them itself',
    async (what, _how, stopped, afterMs) => {
      system = await startMemorySystem({ HMS_APPROVER_BREAK_GLASS_BAKE: '120s' })
      press = new PipelineDriver(system)
      await press.whenState(await press.approve(['pm25@1.0.0=35', 'so2@1.0.0=75'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
      bots = await Promise.all([1, 2, 3].map((index) => RawBot.connect(system.url, `bot-${index}`, 'NCR')))
      const older = await OLDER_RUNS[what]!()
      if (stopped) await press.freeze({ id: 'stop-the-line' })
      if (afterMs > 0) await passes(afterMs)
      const run = await press.breakGlass(['pm25@3.0.0=20', 'so2@3.0.0=50'])
      await reaches(run, 'BAKING')
      expect(bots.map(versionsOf)).toEqual(bots.map(() => ['3.0.0', '3.0.0']))
      expect(await detailOf(run)).toContain('3 of 3 bots acknowledged')
      await until(async () => isTerminal((await press.show(older[0]!)).state), 60_000)
      await reaches(run, 'SUCCEEDED')
      // Renewals of leases, and the time of what was held, pass.
      await passes(HOUR_MS / 2)
      expect(bots.map(versionsOf)).toEqual(bots.map(() => ['3.0.0', '3.0.0']))
      const ends = (await Promise.all(older.map((each) => press.show(each)))).map(({ state }) => state)
      expect(ends).toEqual(['SUPERSEDED', ...older.slice(1).map(() => 'STALE')])
    },
  )
})
