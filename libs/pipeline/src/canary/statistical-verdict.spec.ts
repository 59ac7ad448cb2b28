import { describe, expect, it } from 'vitest'
import type { CoverageReport } from '#libs/contracts'
import { DOSSIER, NOW, ORIGIN, POLICY, storedHead } from '../testing/samples.js'
import { MAX_ALERTS_OF_BOT, newCanary, type Canary } from './canary.js'
import { decideCanary } from './decide.js'
import { excessOf, figuresOf } from './figures.js'
import type { CanaryContext, CanaryEffect, CanaryInput } from './inputs-and-effects.js'
import { MAX_POINTS, seriesOf } from './series.js'

const SCOPE = 'region:NCR'
const MINUTE = 60_000
const LEASE_MS = 120_000
const RULES = { windowMs: MINUTE, alertsPerBotDay: 0 }
const FRESH = newCanary(DOSSIER, { ...ORIGIN, scenarios: [] }, { now: NOW, begins: new Map() })

/** Canary under observation with `cohort` bots, beside `control` others; its clock starts at minute 0. */
class ObservedCanary {
  canary: Canary
  effects: readonly CanaryEffect[] = []
  private minute = 0

  constructor(
    cohort: number,
    control: number,
    { evidence = 'required' as CanaryContext['evidence'], of = {} as Partial<Canary>, rules = RULES } = {},
  ) {
    this.context = { acknowledgeMs: 30_000, leaseMs: LEASE_MS, measureMs: 10_000, evidence, rules }
    const counts = { connected: cohort, expected: cohort, acknowledged: cohort, silent: [], heard: cohort > 0 }
    const member = { ...FRESH.members[0]!, seq: 7, published: true, ...counts }
    const at = NOW.toISOString()
    this.canary = { ...FRESH, state: 'observing', members: [member], publishedAt: at, leaseUntil: at, observeUntil: at, ...of }
    this.counts(cohort, control)
  }

  private readonly context: Omit<CanaryContext, 'now'>

  get now(): Date {
    return new Date(NOW.getTime() + this.minute * MINUTE)
  }

  after(minutes: number): this {
    this.minute += minutes
    return this
  }

  counts(cohort: number, control: number): this {
    const head = storedHead(SCOPE, cohort + control)
    return this.input({ type: 'published', heads: [{ ...head, audience: { ...head.audience, cohort } }], at: this.now.toISOString() })
  }

  covers(cohort: number, control: number): this {
    const scope = { scope: SCOPE, seq: 7, release: 'sha256:new', expected: cohort, acknowledged: cohort, silent: [], control }
    const report: CoverageReport = { policy: POLICY, revision: 3, scopes: [scope] }
    return this.input({ type: 'covered', reports: [report] })
  }

  alert(bot: string, reading: string, { connected = true } = {}): this {
    const alert = { alert: reading, bot, reading, reason: 'no alert expected', once: `${bot} ${reading}`, connected, explained: false }
    return this.input({ type: 'alerted', alert: { ...alert, receivedAt: this.now.toISOString() } })
  }

  controlAlert(bot: string, reading: string): this {
    return this.input({ type: 'controlAlerted', alert: { bot, once: `${bot} ${reading}`, receivedAt: this.now.toISOString() } })
  }

  judged(): string {
    this.input({ type: 'due', timer: 'observe' })
    const last = this.effects.findLast((effect) => effect.do !== 'freeRegions')
    if (last?.do === 'pass') return `PASS ${last.summary}`
    return last?.do === 'emit' && last.type === 'hms.canary.paused.v1' ? `${last.data.reason} ${last.data.detail}` : (last?.do ?? 'nothing')
  }

  figures() {
    return figuresOf(this.canary, { now: this.now, leaseMs: LEASE_MS })!
  }

  private input(input: CanaryInput): this {
    const { state, effects } = decideCanary(this.canary, input, { ...this.context, now: this.now })
    this.canary = state
    this.effects = effects
    return this
  }
}

describe('given a canary with a control group', () => {
  it('when no bot alerts, then it passes, and reports LOW_POWER', () => {
    expect(new ObservedCanary(2, 38).after(1).judged()).toBe(
      'PASS 2 of 2 bots acknowledged; 0 unexplained alerts; expected 0.0; power vs 2x 0%; LOW_POWER',
    )
  })

  it('when the control group alerts as well, then the expected alerts give it power', () => {
    const observed = new ObservedCanary(2, 38)
    for (let bot = 0; bot < 19; bot++) observed.controlAlert(`other-${bot}`, 'r1')
    expect(observed.after(1).judged()).toMatch(/0 unexplained alerts; expected 1\.0; power vs 2x 59%; LOW_POWER$/)
    expect(observed.figures()).toMatchObject({ cohort: 2, control: 38, controlAlerts: 19, cohortHours: 2 / 60, controlHours: 38 / 60 })
  })

  it('when 48 alerts arrive and none is of the cohort, then a doubling is excluded', () => {
    const observed = new ObservedCanary(2, 38)
    for (let bot = 0; bot < 47; bot++) observed.controlAlert(`other-${bot}`, 'r1')
    expect(observed.figures().isDoublingExcluded).toBe(false)
    expect(observed.controlAlert('other-48', 'r1').after(1).judged()).toMatch(/; a doubling is excluded at 10%$/)
  })

  it('when only one bot of the cohort alerts repeatedly, then the canary fails immediately by its alert rate', () => {
    const observed = new ObservedCanary(2, 38)
    for (const reading of ['r1', 'r2', 'r3']) expect(observed.alert('bot-1', reading).after(1).canary.state).toBe('observing')
    expect(observed.alert('bot-1', 'r4').canary.state).toBe('failed')
    expect(observed.effects.map((effect) => effect.do)).toEqual(['takeBack', 'cancel', 'fail', 'freeRegions'])
    expect(observed.effects.at(-2)).toMatchObject({
      reason: 'ALERT_RATE',
      detail: expect.stringMatching(
        /^4 unexplained alerts in separate windows, 0 in the control group: evidence \d+\.\d, limit 20$/,
      ) as string,
    })
  })

  it('when that bot exceeds its limit of stored alerts within one window, then its later windows still count', () => {
    const observed = new ObservedCanary(2, 38)
    for (let reading = 0; reading <= MAX_ALERTS_OF_BOT; reading++) observed.alert('bot-1', `first-${reading}`)
    for (const reading of ['r2', 'r3']) expect(observed.after(1).alert('bot-1', reading).canary.state).toBe('observing')
    expect(observed.after(1).alert('bot-1', 'r4').canary.state).toBe('failed')
    expect(observed.effects.at(-2)).toMatchObject({ reason: 'ALERT_RATE' })
  })

  it('when the control group alerts at the same rate, then a bot that alerts repeatedly does not fail the canary', () => {
    const observed = new ObservedCanary(20, 20)
    for (const reading of ['r1', 'r2', 'r3', 'r4', 'r5', 'r6']) observed.alert('bot-1', reading).controlAlert('other-1', reading).after(1)
    expect(observed.canary.state).toBe('observing')
    expect(excessOf(observed.canary)).toBeUndefined()
  })
})

describe('alerts as events', () => {
  it('count once when a bot alerts often within a window', () => {
    const observed = new ObservedCanary(2, 38)
    for (let reading = 0; reading < 40; reading++) observed.alert('bot-1', `r${reading}`)
    expect([observed.canary.state, observed.figures().cohortAlerts]).toEqual(['observing', 1])
    expect(observed.after(1).alert('bot-1', 'r0').figures().cohortAlerts).toBe(1)
    expect(observed.alert('bot-1', 'r99').figures().cohortAlerts).toBe(2)
  })

  it('count once when a bot of the control group alerts often within a window, or repeats a reading', () => {
    const observed = new ObservedCanary(2, 38)
    for (let reading = 0; reading < 40; reading++) observed.controlAlert('other-1', `r${reading}`)
    expect(observed.after(1).controlAlert('other-1', 'r0').figures().controlAlerts).toBe(1)
  })

  it('do not count when the bot is not connected, because it adds no exposure either', () => {
    const observed = new ObservedCanary(2, 38)
    for (let minute = 0; minute < 9; minute++) observed.after(1).alert('ghost', `r${minute}`, { connected: false })
    expect([observed.canary.state, observed.figures().cohortAlerts]).toEqual(['observing', 0])
  })
})

describe('given a canary without a control group', () => {
  it('when no bot alerts, then it passes, and reports that there is no control group', () => {
    expect(new ObservedCanary(3, 0).after(1).judged()).toMatch(/0 unexplained alerts; no control group; power vs 2x 0%; LOW_POWER$/)
  })

  it('when a budget is configured, then it determines the expected alerts', () => {
    const observed = new ObservedCanary(3, 0, { rules: { windowMs: MINUTE, alertsPerBotDay: 144 } }).after(1)
    expect(observed.figures()).toMatchObject({ expected: expect.closeTo(0.3, 9) as number, power: expect.closeTo(0.1219, 4) as number })
    expect(observed.judged()).toMatch(/no control group; power vs 2x 12%; LOW_POWER$/)
  })

  it('when it is of a first version, then the bots outside have no release and are no control group', () => {
    const first = new ObservedCanary(2, 38, {
      of: { members: [{ ...FRESH.members[0]!, base: null, seq: 7, published: true, heard: true }] },
    })
    expect(first.after(1).figures()).toMatchObject({ cohort: 2, control: 0, lacks: [] })
  })
})

describe('unreliable figures', () => {
  it('pause the canary when the control group disconnects', () => {
    expect(new ObservedCanary(2, 38).after(1).covers(2, 0).judged()).toBe(
      'CONTROL_LOST CONTROL_LOST: no bot of the control group is connected',
    )
  })

  it('pause the canary when the cohort disconnects', () => {
    expect(new ObservedCanary(2, 38).after(1).covers(0, 38).judged()).toMatch(/^COHORT_LOST /)
  })

  it('pause the canary when config-store has not counted the bots for two renewals', () => {
    expect(new ObservedCanary(2, 38).after(1.3).judged()).toMatch(/^PASS /)
    expect(new ObservedCanary(2, 38).after(1.4).judged()).toMatch(/^STALE_DATA /)
    expect(new ObservedCanary(2, 38).after(1).counts(2, 38).after(1).judged()).toMatch(/^PASS /)
  })

  it('pause the canary when half of the bots are in a cohort of 5 %', () => {
    expect(new ObservedCanary(20, 20).after(1).judged()).toMatch(/^SKEWED_EXPOSURE /)
    const widened = new ObservedCanary(20, 20, { of: { requestedShare: 400 } })
    expect(widened.after(1).judged()).toMatch(/^PASS /)
  })

  it('are only reported when evidence is optional', () => {
    const observed = new ObservedCanary(2, 38, { evidence: 'optional' }).after(1).covers(2, 0)
    expect(observed.judged()).toMatch(/^PASS 2 of 2 bots acknowledged; 0 unexplained alerts; CONTROL_LOST: .*; LOW_POWER$/)
  })

  it('are part of the pause event', () => {
    const observed = new ObservedCanary(2, 38).after(1).covers(2, 0)
    observed.judged()
    expect(observed.effects.at(-1)).toMatchObject({ data: { figures: { lacks: ['CONTROL_LOST'], cohort: 2, control: 0 } } })
  })
})

describe('given a roster that requires power', () => {
  const demanding = { dossier: { ...DOSSIER, plan: { ...DOSSIER.plan, requirePower: true as const } } }

  it('when a doubling is not excluded, then it pauses and reports its power', () => {
    expect(new ObservedCanary(2, 38, { of: demanding }).after(1).judged()).toBe('LOW_POWER expected 0.0; power vs 2x 0%; LOW_POWER')
  })

  it('when a doubling is excluded, then it passes', () => {
    const observed = new ObservedCanary(2, 38, { of: demanding })
    for (let bot = 0; bot < 48; bot++) observed.controlAlert(`other-${bot}`, 'r1')
    expect(observed.after(1).judged()).toMatch(/^PASS .*a doubling is excluded at 10%$/)
  })
})

describe('the series of a canary', () => {
  const of = { observeMs: 60 * MINUTE }
  const alertsIn = ({ canary }: ObservedCanary) => canary.series!.map(({ cohortAlerts, controlAlerts }) => [cohortAlerts, controlAlerts])

  it('has a point for the start, for each alert of the cohort, and for the verdict; other counts add one at intervals', () => {
    const observed = new ObservedCanary(2, 38, { of })
    observed.after(0.5).covers(2, 38).alert('bot-1', 'r1').controlAlert('other-1', 'r1').after(0.5).covers(2, 38)
    expect(alertsIn(observed)).toEqual([
      [0, 0],
      [1, 0],
    ])
    observed.after(1).covers(2, 38).after(0.5).judged()
    expect(alertsIn(observed).slice(2)).toEqual([
      [1, 1],
      [1, 1],
    ])
    expect(observed.canary.series!.at(-1)).toMatchObject({ step: 1, cohortHours: 0.08333, controlHours: 1.583, expected: 0.05263 })
    expect(seriesOf(observed.canary, { now: observed.now, leaseMs: LEASE_MS })).toBe(observed.canary.series)
  })

  it('ends now while the canary is live', () => {
    const observed = new ObservedCanary(2, 38, { of }).after(3)
    const series = seriesOf(observed.canary, { now: observed.now, leaseMs: LEASE_MS })
    expect(series.map(({ at, cohortHours }) => [at, cohortHours])).toEqual([
      [NOW.toISOString(), 0],
      [observed.now.toISOString(), 0.1],
    ])
  })

  it('keeps its first and last point, and is bounded', () => {
    const observed = new ObservedCanary(2, 3_000, { of: { ...of, observeMs: 0 } })
    for (let bot = 0; bot < 1_000; bot++) {
      observed.after(1).controlAlert(`other-${bot}`, 'r1')
      expect(observed.canary.series!.length).toBeLessThanOrEqual(MAX_POINTS)
    }
    expect([alertsIn(observed)[0], alertsIn(observed).at(-1)]).toEqual([
      [0, 0],
      [0, 1_000],
    ])
  })
})

describe('exposure', () => {
  it('is the sum over the counts of each period, and keeps bounds of the share', () => {
    const observed = new ObservedCanary(2, 38).after(1).covers(4, 16).after(1).covers(1, 19).after(1)
    expect(observed.figures()).toMatchObject({ cohortHours: expect.closeTo(7 / 60, 9), controlHours: expect.closeTo(73 / 60, 9) })
    observed.controlAlert('other-1', 'r1')
    expect(observed.canary.watch!.paired).toMatchObject({ leastShare: 0.05, mostShare: 0.2 })
  })

  it('ends with the verdict', () => {
    const observed = new ObservedCanary(2, 38).after(1)
    observed.judged()
    expect(observed.after(60).figures()).toMatchObject({ cohortHours: 2 / 60, lacks: [] })
  })

  it('begins at the effective time of the release', () => {
    const beginsAt = new Date(NOW.getTime() + 2 * MINUTE).toISOString()
    const held = new ObservedCanary(2, 38, { of: { members: [{ ...FRESH.members[0]!, seq: 7, published: true, heard: true, beginsAt }] } })
    expect(held.after(1).figures()).toMatchObject({ cohortHours: 0, controlHours: 0 })
    expect(held.after(2).figures().cohortHours).toBeCloseTo(2 / 60, 9)
  })
})
