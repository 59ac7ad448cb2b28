import { describe, expect, it } from 'vitest'
import { MAX_ALERTS_OF_BOT, MAX_COUNTED, summaryOf, UNEXPLAINED_LIMIT, type Canary } from './canary.js'
import type { CountedAlert } from './counted-alert.js'
import { decideCanary } from './decide.js'
import type { CanaryContext, CanaryEffect } from './inputs-and-effects.js'
import { mayHaveHadRelease, MAX_EARLY } from './alert-timing.js'
import { DOSSIER } from '../testing/samples.js'

const AT = '2026-01-01T00:00:00.000Z'
const RULES = { windowMs: 60_000, alertsPerBotDay: 0 }
const CONTEXT: CanaryContext = {
  now: new Date(AT),
  acknowledgeMs: 1_000,
  leaseMs: 9_000,
  measureMs: 10_000,
  evidence: 'optional',
  rules: RULES,
}

/** Head of the policy as stored by config-store. */
const HEAD = {
  policy: 'pm25',
  scope: 'region:NCR',
  seq: 1,
  release: 'sha256:1',
  revision: 1,
  applied: true,
  audience: { connected: 5, cohort: 5, smallestBucket: 0 },
}

/** Canary of one policy with this many connected bots in its cohort. */
function canaryOf(expected: number, more: Partial<Canary> = {}): Canary {
  const member = {
    policy: 'pm25',
    seq: 1,
    release: 'sha256:1',
    base: null,
    share: 10_000,
    published: true,
    connected: expected,
    expected,
    acknowledged: expected,
    silent: [],
    heard: expected > 0,
  }
  return {
    run: 7,
    attempt: 1,
    key: 'pm25',
    state: 'observing',
    scope: 'region:NCR',
    scopeName: 'NCR',
    requestedShare: 10_000,
    observeMs: 1_000,
    members: [member],
    publishedAt: AT,
    observeUntil: AT,
    leaseUntil: AT,
    counted: [],
    alerting: [],
    unexplained: [],
    observed: false,
    frozen: null,
    scenarios: [],
    dossier: DOSSIER,
    causationId: 'x',
    traceparent: null,
    ...more,
  }
}

/**
 * Feeds alerts to a canary and returns its final state and effects. Notation of an alert: `bot`, `bot+` if connected, `bot=` if explained.
 * Any suffix after a space makes it another reading.
 */
function after(canary: Canary, ...alerts: string[]): { canary: Canary; effects: readonly CanaryEffect[] } {
  return alerts.reduce<{ canary: Canary; effects: readonly CanaryEffect[] }>(
    (before, text, index) => {
      const bot = text.replace(/[+=].*/, '')
      const alert = {
        alert: `a${index}`,
        bot,
        reading: `r${index}`,
        reason: '',
        once: `${bot} r${index}${text.replace(/^[^ ]*/, '')}`,
        connected: text.includes('+'),
        explained: text.includes('='),
        receivedAt: AT,
      }
      const { state, effects } = decideCanary(before.canary, { type: 'alerted', alert }, CONTEXT)
      return { canary: state, effects }
    },
    { canary, effects: [] },
  )
}

describe('the limit of two unexplained alerts', () => {
  it.each([
    ['two bots, connected or not', canaryOf(5), ['a+', 'b'], 'fail'],
    ['two of one bot in a larger cohort', canaryOf(2), ['a+', 'a+', 'a+'], 'nothing'],
    ['two of one bot that was never connected, beside one that is', canaryOf(1), ['ghost', 'ghost'], 'nothing'],
    ['two of the only bot, connected', canaryOf(1), ['a+', 'a+'], 'fail'],
    ['two of the only bot, which never connected', canaryOf(0), ['ghost', 'ghost'], 'fail'],
    ['two of one bot beside another that alerted rightly', canaryOf(0), ['b=', 'a', 'a'], 'nothing'],
    ['one of one bot', canaryOf(1), ['a+'], 'nothing'],
    ['explained ones', canaryOf(1), ['a+=', 'a+=', 'b='], 'nothing'],
    ['two bots after the canary passed', canaryOf(5, { state: 'passed' }), ['a', 'b'], 'hms.canary.alarmed.v1'],
    ['two bots in the bake', canaryOf(5, { state: 'baking' }), ['a', 'b'], 'hms.canary.alarmed.v1'],
    ['two of one bot in the bake of a larger cohort', canaryOf(5, { state: 'baking' }), ['a+', 'a+'], 'nothing'],
    ['two bots after the bake', canaryOf(5, { state: 'ended' }), ['a', 'b'], 'nothing'],
    ['two bots before the publication', canaryOf(5, { publishedAt: null }), ['a', 'b'], 'nothing'],
  ] as const)('%s', (_name, canary, alerts, step) => {
    const { effects } = after(canary, ...alerts)
    const last = effects.findLast((effect) => effect.do !== 'freeRegions')
    expect(last === undefined ? 'nothing' : last.do === 'emit' ? last.type : last.do).toBe(step)
  })

  it('ends a paused canary, because its cohort applies the new release', () => {
    expect(after(canaryOf(5, { state: 'paused' }), 'a', 'b').effects).toContainEqual({
      do: 'fail',
      reason: 'UNEXPLAINED_ALERTS',
      detail: '2 unexplained alerts, limit 2: a, b',
    })
  })

  it('counts repeated alerts of a bot on one reading once', () => {
    const alert = { alert: 'a', bot: 'bot', reading: 'r', reason: '', once: 'bot r', connected: false, explained: false, receivedAt: AT }
    const { state: once } = decideCanary(canaryOf(0), { type: 'alerted', alert }, CONTEXT)
    expect(decideCanary(once, { type: 'alerted', alert: { ...alert, alert: 'b' } }, CONTEXT)).toEqual({ state: once, effects: [] })
  })

  it('reports that only one bot alerts', () => {
    expect(summaryOf(after(canaryOf(3), 'a+', 'a+').canary)).toContain('2 unexplained alerts of a alone')
  })
})

describe('an alert that arrives before the report of the stored heads', () => {
  const unreported = canaryOf(5, { state: 'publishing', publishedAt: null, leaseUntil: '2026-01-01T00:01:00.000Z' })
  const storedAt = (at: string, canary: Canary) => decideCanary(canary, { type: 'published', heads: [HEAD], at }, CONTEXT)

  it('ends the canary once the report arrives, if the alert was received after the heads were stored', () => {
    const early = after(unreported, 'a', 'b')
    expect(early.effects).toEqual([])
    const { state, effects } = storedAt(AT, early.canary)
    expect([state.state, state.publishedAt, state.early]).toEqual(['failed', AT, undefined])
    expect(effects.find((effect) => effect.do === 'fail')).toMatchObject({ reason: 'UNEXPLAINED_ALERTS' })
  })

  it('does not count if it was received before the heads were stored, because its bot had the old release', () => {
    const { state } = storedAt('2026-01-01T00:00:00.001Z', after(unreported, 'a', 'b').canary)
    expect([state.state, state.unexplained, state.early]).toEqual(['observing', [], undefined])
  })

  it('counts until the end of the bake if people promoted the canary before the report', () => {
    const promoted = { ...unreported, state: 'passed' as const }
    const early = after(promoted, 'a', 'b')
    expect([early.effects, early.canary.early?.length]).toEqual([[], 2])
    const { state, effects } = storedAt(AT, early.canary)
    expect(state.state).toBe('failed')
    expect(effects).toContainEqual(expect.objectContaining({ do: 'emit', type: 'hms.canary.alarmed.v1' }))
  })

  it('is stored once, and the number of stored alerts is bounded', () => {
    const flooded = after(unreported, ...Array.from({ length: MAX_EARLY + 9 }, (_, index) => `bot-${index}=`)).canary
    expect([flooded.early?.length, after(flooded, 'x=').canary]).toEqual([MAX_EARLY, flooded])
    expect(after(unreported, ...Array.from({ length: MAX_EARLY + 9 }, (_, index) => `bot-${index}`)).canary.early).toHaveLength(MAX_EARLY)
    const alert = { alert: 'a', bot: 'bot', reading: 'r', reason: '', once: 'bot r', connected: false, explained: false, receivedAt: AT }
    const once = decideCanary(unreported, { type: 'alerted', alert }, CONTEXT).state
    expect(decideCanary(once, { type: 'alerted', alert }, CONTEXT).state.early).toHaveLength(1)
  })
})

describe('more early alerts than are stored', () => {
  const unreported = canaryOf(5, { state: 'publishing', publishedAt: null, leaseUntil: '2026-01-01T00:01:00.000Z' })
  const storedAt = (at: string, canary: Canary) => decideCanary(canary, { type: 'published', heads: [HEAD], at }, CONTEXT).state.state

  it('end the canary if they are unexplained, after any number of explained ones', () => {
    const explained = Array.from({ length: MAX_EARLY }, (_, index) => `bot-${index}=`)
    expect(storedAt(AT, after(unreported, ...explained, 'x', 'y').canary)).toBe('failed')
  })

  it('end the canary even if one bot has filled the list', () => {
    const flood = Array.from({ length: MAX_EARLY }, () => 'a')
    expect(storedAt(AT, after(unreported, ...flood, 'b').canary)).toBe('failed')
    expect(storedAt(AT, after(unreported, 'b', ...flood).canary)).toBe('failed')
  })

  it('end the canary if the fleet alerted before the heads were stored, and two bots afterwards', () => {
    const before = Array.from({ length: MAX_EARLY }, (_, index) => early(`bot-${index}`, '2025-12-31T23:59:59.000Z'))
    const afterAlerts = [...before, early('x', AT), early('y', AT)].reduce(
      (canary, alert) => decideCanary(canary, { type: 'alerted', alert }, CONTEXT).state,
      unreported,
    )
    expect(storedAt(AT, afterAlerts)).toBe('failed')
  })

  function early(bot: string, receivedAt: string): CountedAlert {
    return { alert: bot, bot, reading: 'r', reason: '', once: `${bot} r`, connected: true, explained: false, receivedAt }
  }
})

describe('an alert after the lease has lapsed', () => {
  const lapsed = canaryOf(5, { state: 'paused', leaseUntil: '2025-12-31T23:59:59.000Z' })
  const gap = '2025-12-31T23:59:59.500Z'

  it('does not count, because its cohort has returned to the old release', () => {
    expect([mayHaveHadRelease(lapsed, gap), mayHaveHadRelease(lapsed, lapsed.leaseUntil)]).toEqual([false, false])
    expect(mayHaveHadRelease({ ...lapsed, publishedAt: '2025-12-31T23:59:00.000Z' }, gap)).toBe(false)
    expect(mayHaveHadRelease({ ...lapsed, publishedAt: gap, leaseUntil: AT }, AT)).toBe(true)
    // The stable heads may have taken over in the meantime.
    expect(mayHaveHadRelease({ ...lapsed, publishedAt: gap, state: 'passed' }, AT)).toBe(true)
  })

  it('counts again from the head that renews the lease', () => {
    const { state } = decideCanary(lapsed, { type: 'due', timer: 'lease' }, CONTEXT)
    expect([state.publishedAt, state.leaseUntil > AT]).toEqual([null, true])
    const renewed = { ...state, members: state.members.map((member) => ({ ...member, seq: 2 })) }
    const stored = decideCanary(renewed, { type: 'published', heads: [{ ...HEAD, seq: 2 }], at: AT }, CONTEXT).state
    expect([stored.state, stored.publishedAt, mayHaveHadRelease(stored, gap), mayHaveHadRelease(stored, AT)]).toEqual([
      'paused',
      AT,
      false,
      true,
    ])
  })
})

describe('stored alerts of a canary', () => {
  it('are bounded per bot and in total', () => {
    const { canary } = after(canaryOf(9), ...Array.from({ length: 80 }, () => 'a+='))
    expect([canary.counted.length, canary.alerting]).toEqual([MAX_ALERTS_OF_BOT, [{ bot: 'a', alerts: MAX_ALERTS_OF_BOT }]])
    const full = after(canaryOf(9), ...Array.from({ length: MAX_COUNTED + 100 }, (_, index) => `bot-${index}=`)).canary
    expect([full.counted.length, full.alerting.length]).toEqual([MAX_COUNTED, MAX_COUNTED])
    const flooded = after(full, 'x', 'x', 'x', 'x')
    expect([flooded.canary.unexplained.length, after(flooded.canary, 'y').effects.at(-2)?.do]).toEqual([UNEXPLAINED_LIMIT, 'fail'])
  })

  it('include unexplained alerts of a bot that has reached its limit with explained ones', () => {
    const rightly = Array.from({ length: MAX_ALERTS_OF_BOT }, () => ['a+=', 'b+=']).flat()
    const { canary } = after(canaryOf(5), ...rightly)
    expect(canary.alerting.map(({ alerts }) => alerts)).toEqual([MAX_ALERTS_OF_BOT, MAX_ALERTS_OF_BOT])
    expect(after(canary, 'a+ wrongly', 'b+ wrongly').effects).toContainEqual(
      expect.objectContaining({ do: 'fail', reason: 'UNEXPLAINED_ALERTS' }),
    )
    const alone = after(canaryOf(1), ...rightly.filter((_, index) => index % 2 === 0)).canary
    expect(after(alone, 'a+ wrongly', 'a+ wrongly').effects).toContainEqual(expect.objectContaining({ do: 'fail' }))
  })

  it('count one reading of a bot once, even if the bot has reached its limit', () => {
    const { canary } = after(canaryOf(1), ...Array.from({ length: MAX_ALERTS_OF_BOT }, () => 'a+='))
    const alert = { alert: 'x', bot: 'a', reading: 'r', reason: '', once: 'a once', connected: true, explained: false, receivedAt: AT }
    const { state } = decideCanary(canary, { type: 'alerted', alert }, CONTEXT)
    expect(decideCanary(state, { type: 'alerted', alert: { ...alert, alert: 'y' } }, CONTEXT)).toEqual({ state, effects: [] })
  })
})
