import { describe, expect, it } from 'vitest'
import { ALL_REGIONS } from '#libs/policy'
import { NCR, RampScenario } from '../testing/ramp-scenario.js'
import { decisionReceived, NOW, POLICY } from '../testing/samples.js'
import type { CountedAlert } from './counted-alert.js'
import { headsOf } from './members.js'
import { wasInCohort } from './alert-timing.js'

/** Time in seconds after the first step was stored. */
const at = (seconds: number): string => new Date(NOW.getTime() + seconds * 1_000).toISOString()
/** Bots in the cohorts of the first and the second step. */
const [EARLY, LATE] = [
  { policy: POLICY, scope: NCR, bucket: 100 },
  { policy: POLICY, scope: NCR, bucket: 6_000 },
]

function alert(bot: string, seconds: number, more: Partial<CountedAlert> = {}): CountedAlert {
  const content = { alert: bot, bot, reading: 'r', reason: '', once: `${bot} r`, connected: true, explained: false }
  return { ...content, receivedAt: at(seconds), ...more }
}

/** The first step was stored and has passed; the heads of the second are issued but not reported as stored. */
const growing = (): RampScenario =>
  new RampScenario()
    .stored(40, 2)
    .covered({ [NCR]: [2, 2, 38] })
    .due('observe')
    .mayGrow()

describe('an alert of a bot that a later step includes', () => {
  it('waits for the report of stored heads, and counts if its bot had the new release by then', () => {
    const scenario = growing()
    for (const bot of ['bot-1', 'bot-2']) scenario.input({ type: 'alerted', alert: alert(bot, 20, { awaits: [LATE] }) })
    expect([scenario.canary.state, scenario.canary.early?.length, scenario.canary.unexplained]).toEqual(['publishing', 2, []])
    scenario.stored(40, 40, 12, at(10))
    expect([scenario.canary.state, scenario.canary.early]).toEqual(['failed', undefined])
    expect(scenario.effects.find((effect) => effect.do === 'fail')).toMatchObject({ reason: 'UNEXPLAINED_ALERTS' })
  })

  it('does not count if it was received before its step, because its bot had the old release', () => {
    const scenario = growing()
    for (const bot of ['bot-1', 'bot-2']) scenario.input({ type: 'alerted', alert: alert(bot, 5, { awaits: [LATE] }) })
    scenario.stored(40, 40, 12, at(10))
    expect([scenario.canary.state, scenario.canary.unexplained, scenario.canary.early]).toEqual(['publishing', [], undefined])
    expect([wasInCohort(scenario.canary, [LATE], at(5)), wasInCohort(scenario.canary, [LATE], at(10))]).toEqual([false, true])
  })

  it('of an earlier step counts immediately, because its bot already has the release', () => {
    const scenario = growing()
    expect([wasInCohort(scenario.canary, [EARLY], at(5)), wasInCohort(scenario.canary, [LATE], at(5))]).toEqual([true, undefined])
    for (const bot of ['bot-1', 'bot-2']) scenario.input({ type: 'alerted', alert: alert(bot, 5) })
    expect(scenario.canary.state).toBe('failed')
  })

  it('waits for the heads of its own scope, even if other heads are stored', () => {
    const scenario = growing().stored(40, 40, 12, at(10))
    scenario
      .covered({ [NCR]: [40, 40] })
      .due('observe')
      .mayGrow()
    const everywhere = { policy: POLICY, scope: ALL_REGIONS, bucket: 100 }
    scenario.input({ type: 'alerted', alert: alert('bot-1', 20, { awaits: [everywhere] }) })
    const [ofRegion] = headsOf(scenario.canary)
    const audience = { connected: 40, cohort: 40, smallestBucket: 12 }
    const renewed = { policy: POLICY, scope: NCR, seq: ofRegion!.seq, release: 'sha256:new', revision: 3, applied: true, audience }
    scenario.input({ type: 'published', heads: [renewed], at: at(12) })
    expect([scenario.canary.early?.length, scenario.canary.unexplained]).toEqual([1, []])
    scenario.stored(60, 12, 12, at(14))
    expect([scenario.canary.early, scenario.canary.unexplained.length]).toEqual([undefined, 1])
  })
})

describe('alerts around a share that was widened to include a bot', () => {
  it('count from the head with the wider share on', () => {
    const scenario = new RampScenario().stored(3, 0, 811, at(0))
    const only = { policy: POLICY, scope: NCR, bucket: 811 }
    expect(wasInCohort(scenario.canary, [only], at(1))).toBeUndefined()
    scenario.stored(3, 1, 811, at(2))
    expect([wasInCohort(scenario.canary, [only], at(1)), wasInCohort(scenario.canary, [only], at(2))]).toEqual([false, true])
  })
})

describe('alerts after a lapsed lease in a later step', () => {
  it('count for each bot from its renewed head on', () => {
    const scenario = growing().stored(40, 40, 12, at(10))
    const context = { now: new Date(NOW.getTime() + 600_000), acknowledgeMs: 0, leaseMs: 90_000, measureMs: 0 }
    const late = { ...context, evidence: 'required' as const, rules: { windowMs: 60_000, alertsPerBotDay: 0 } }
    scenario.input({ type: 'due', timer: 'lease' }, late)
    expect(scenario.canary.state).toBe('paused')
    scenario.input(decisionReceived('resume', 'canary'), late)
    expect([wasInCohort(scenario.canary, [EARLY], at(601)), scenario.canary.publishedAt]).toEqual([undefined, null])
    scenario.stored(40, 40, 12, at(602))
    expect([wasInCohort(scenario.canary, [EARLY], at(601)), wasInCohort(scenario.canary, [LATE], at(602))]).toEqual([false, true])
  })
})
