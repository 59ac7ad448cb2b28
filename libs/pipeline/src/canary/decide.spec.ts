import { describe, expect, it } from 'vitest'
import type { CoverageReport } from '#libs/contracts'
import { decisionReceived, commonInputs, DOSSIER, NOW, ORIGIN, POLICY, storedHead } from '../testing/samples.js'
import { drawStage } from '../testing/stage-diagram.js'
import { describeStage, transitionsOf, unsampled } from '../testing/transitions.js'
import { newCanary, type Canary } from './canary.js'
import { decideCanary } from './decide.js'
import { CANARY_TIMERS, type CanaryContext, type CanaryEffect, type CanaryInput } from './inputs-and-effects.js'
import type { WatchRules } from './canary-watch.js'

const SCOPE = 'region:NCR'
const RULES: WatchRules = { windowMs: 60_000, alertsPerBotDay: 0 }
const CONTEXT: CanaryContext = { now: NOW, acknowledgeMs: 30_000, leaseMs: 90_000, measureMs: 10_000, evidence: 'optional', rules: RULES }
const LEASE = new Date(NOW.getTime() + CONTEXT.leaseMs).toISOString()
const FRESH = newCanary(DOSSIER, { ...ORIGIN, scenarios: [] }, { now: NOW, begins: new Map() })
const SAID = { reading: 'r1', reason: 'no alert expected', connected: true, explained: false, receivedAt: NOW.toISOString() }
const ALERT = { ...SAID, alert: 'a1', bot: 'bot-9', once: 'bot-9 r1' }
const FREEZE = { id: 'election-week', reason: 'polling stations report', until: '2026-01-02T00:00:00.000Z' }
/** Dossier of the same run with a ramp of two steps. */
const RAMP = {
  ...DOSSIER,
  plan: {
    ...DOSSIER.plan,
    ramp: [500, 10_000].map((share) => ({ share, scope: SCOPE, scopeName: 'NCR' })),
  },
}
/** Run whose canary has the region. */
const AHEAD = { run: 183, scopeName: 'National Capital Region' }
/** Metric of the plan that held at every check so far. */
const METRIC = { name: 'errors', held: 3, failed: 0, unanswered: 0, problem: null }
const ONE_ALERT = { ...ALERT, bot: 'bot-8', once: 'bot-8 r1' }

/** Canary with head 7 issued and `of` connected bots in the cohort, `acknowledged` of which acknowledged. */
function canary(
  state: Canary['state'],
  { of = 3, acknowledged = of, ...more }: Partial<Canary> & { of?: number; acknowledged?: number } = {},
): Canary {
  const silent = Array.from({ length: of - acknowledged }, (_, index) => `bot-${index + 1}`)
  const counts = { connected: of, expected: of, acknowledged, silent, heard: acknowledged > 0 }
  const member = { ...FRESH.members[0]!, seq: 7, published: !['publishing', 'proving', 'waiting'].includes(state), ...counts }
  const publishedAt = state === 'proving' || state === 'waiting' ? null : NOW.toISOString()
  return { ...FRESH, state, members: [member], publishedAt, leaseUntil: LEASE, unexplained: [], ...more }
}

/** Canary whose release takes effect later. */
function held(state: Canary['state']): Canary {
  return { ...canary(state), members: canary(state).members.map((member) => ({ ...member, beginsAt: '2026-09-01T00:00:00Z' })) }
}

function report(expected: number, acknowledged: number): CoverageReport {
  const scope = { scope: SCOPE, seq: 7, release: 'sha256:new', expected, acknowledged, silent: [] }
  return { policy: POLICY, revision: 3, scopes: [scope] }
}

const when = (given: Canary, input: CanaryInput, context = CONTEXT): { state: Canary; effects: readonly CanaryEffect[] } =>
  decideCanary(given, input, context)
const kinds = (effects: readonly CanaryEffect[]): string[] => effects.map((effect) => (effect.do === 'emit' ? effect.type : effect.do))

describe('given a new canary', () => {
  it('when the log contains its approvals, then its heads are issued on a lease', () => {
    const { state, effects } = when(FRESH, { type: 'opened', dossier: DOSSIER, isProven: true, frozen: null })
    expect(state).toMatchObject({ state: 'publishing', leaseUntil: LEASE })
    expect(kinds(effects)).toEqual(['issueHeads', 'schedule', 'hms.canary.started.v1'])
    expect(effects[1]).toEqual({ do: 'schedule', timer: 'lease', inMs: 30_000 })
  })

  it('when the log does not contain them yet, then no head is issued until it does', () => {
    const waiting = when(FRESH, { type: 'opened', dossier: DOSSIER, isProven: false, frozen: null })
    expect([waiting.state.state, kinds(waiting.effects)]).toEqual(['proving', ['hms.canary.delayed.v1']])
    expect(when(waiting.state, { type: 'proven', dossier: DOSSIER, isProven: false, frozen: null }).effects).toEqual([])
    expect(when(waiting.state, { type: 'proven', dossier: DOSSIER, isProven: true, frozen: null }).state.state).toBe('publishing')
  })

  it('when attestations of earlier stages are missing, then it fails and issues no head', () => {
    const { state, effects } = when(FRESH, { type: 'refused', reason: 'UNATTESTED', detail: 'no attestation of lint' })
    expect([state.state, effects]).toEqual(['failed', [{ do: 'fail', reason: 'UNATTESTED', detail: 'no attestation of lint' }]])
  })
})

describe('given issued heads', () => {
  const given = canary('publishing', { of: 3, acknowledged: 0 })

  it('when they are stored, then the timeout for acknowledgements starts', () => {
    const { state, effects } = when(given, { type: 'published', heads: [storedHead(SCOPE, 3)], at: NOW.toISOString() })
    expect(state).toMatchObject({ state: 'publishing', publishedAt: NOW.toISOString(), members: [{ published: true, expected: 3 }] })
    expect(effects).toEqual([{ do: 'schedule', timer: 'acknowledge', inMs: 30_000 }])
  })

  it('when they are stored and no bot of the scope is connected, then the observation begins', () => {
    const { state } = when(given, { type: 'published', heads: [storedHead(SCOPE, 0)], at: NOW.toISOString() })
    expect(state.state).toBe('observing')
  })

  it('when no connected bot is below the share, then heads with the smallest share that includes one are issued', () => {
    const head = { ...storedHead(SCOPE, 3), audience: { connected: 3, cohort: 0, smallestBucket: 811 } }
    const { state, effects } = when(given, { type: 'published', heads: [head], at: NOW.toISOString() })
    expect(state.members).toMatchObject([{ share: 812, published: false }])
    expect(effects).toEqual([{ do: 'issueHeads', fast: false, policies: [POLICY] }])
  })

  it('when the cohort is silent until the timeout, then the canary pauses and names the silent bots', () => {
    const { state, effects } = when(canary('publishing', { of: 3, acknowledged: 1 }), { type: 'due', timer: 'acknowledge' })
    expect(state.state).toBe('paused')
    expect(effects.at(-1)).toMatchObject({
      data: { reason: 'ACK_TIMEOUT', detail: 'ACK_TIMEOUT: 1 of 3 bots acknowledged; silent: bot-1, bot-2' },
    })
  })
})

describe('given an observation', () => {
  it('when it ends and the cohort has acknowledged, then the canary passes as observed, and the lease continues', () => {
    const { state, effects } = when(canary('observing'), { type: 'due', timer: 'observe' })
    expect(state.state).toBe('passed')
    expect(effects).toEqual([
      { do: 'cancel', timers: ['acknowledge', 'observe', 'measure'] },
      { do: 'pass', basis: 'observed', summary: '3 of 3 bots acknowledged; 0 unexplained alerts' },
    ])
  })

  it('when no bot was connected, then it passes as unobserved in dev, and pauses if evidence is required', () => {
    const given = canary('observing', { of: 0 })
    expect(when(given, { type: 'due', timer: 'observe' }).effects.at(-1)).toMatchObject({ do: 'pass', basis: 'unobserved' })
    const strict = when(given, { type: 'due', timer: 'observe' }, { ...CONTEXT, evidence: 'required' })
    expect(strict.state.state).toBe('paused')
    expect(strict.effects.at(-1)).toMatchObject({ data: { reason: 'NO_EVIDENCE' } })
  })

  describe('of a cohort that acknowledged', () => {
    const later = (seconds: number): CanaryContext => ({ ...CONTEXT, now: new Date(NOW.getTime() + seconds * 1_000) })
    const joined = (seconds: number): Canary =>
      [[3, 0] as const, [4, seconds] as const].reduce(
        (state, [expected, at]) => when(state, { type: 'covered', reports: [report(expected, 3)] }, later(at)).state,
        canary('observing'),
      )

    it('when a silent bot joined two seconds before its end, then the canary passes without that bot', () => {
      const { state, effects } = when(joined(58), { type: 'due', timer: 'observe' }, later(60))
      expect([state.state, effects.at(-1)]).toMatchObject([
        'passed',
        { summary: expect.stringContaining('3 of 4 bots acknowledged') as string },
      ])
    })

    it('when a silent bot joined longer ago than the timeout, then the canary waits for it, and pauses', () => {
      const waiting = when(joined(20), { type: 'due', timer: 'observe' }, later(60))
      expect(waiting.state).toMatchObject({ state: 'observing', observed: true })
      expect(when(waiting.state, { type: 'due', timer: 'acknowledge' }, later(90)).state.state).toBe('paused')
    })
  })

  it('when bots joined and have not acknowledged, then the verdict waits for them', () => {
    const joined = when(canary('observing', { of: 4, acknowledged: 3 }), { type: 'due', timer: 'observe' })
    expect(joined.state).toMatchObject({ state: 'observing', observed: true })
    expect(when(joined.state, { type: 'covered', reports: [report(4, 4)] }).state.state).toBe('passed')
  })

  it('when a second bot raises an unexplained alert, then the canary is rolled back and the run fails', () => {
    const first = when(canary('observing'), { type: 'alerted', alert: ONE_ALERT })
    expect(first.effects).toEqual([])
    const { state, effects } = when(first.state, { type: 'alerted', alert: ALERT })
    expect([state.state, kinds(effects)]).toEqual(['failed', ['takeBack', 'cancel', 'fail', 'freeRegions']])
  })

  it('when the lease is due, then it is renewed; when it has lapsed, then the canary pauses', () => {
    expect(kinds(when(canary('observing'), { type: 'due', timer: 'lease' }).effects)).toEqual(['issueHeads', 'schedule'])
    const lapsed = when(canary('observing', { leaseUntil: NOW.toISOString() }), { type: 'due', timer: 'lease' })
    expect(lapsed.state.state).toBe('paused')
    expect(lapsed.effects.at(-1)).toMatchObject({ data: { reason: 'LEASE_LAPSED' } })
  })
})

describe('given a canary that passed', () => {
  it('when the stable heads are issued, then its heads are withdrawn and alerts still count', () => {
    const { state, effects } = when(canary('passed'), { type: 'promoted' })
    expect([state.state, kinds(effects)]).toEqual(['baking', ['takeBack', 'cancel']])
  })

  it.each([
    ['passed', ['takeBack', 'cancel', 'hms.canary.alarmed.v1', 'freeRegions']],
    ['baking', ['cancel', 'hms.canary.alarmed.v1', 'freeRegions']],
  ] as const)('when unexplained alerts arrive while it is %s, then rollout is alarmed', (state, expected) => {
    const first = when(canary(state), { type: 'alerted', alert: ONE_ALERT })
    expect(kinds(when(first.state, { type: 'alerted', alert: ALERT }).effects)).toEqual(expected)
  })
})

describe('given a paused canary', () => {
  const paused = canary('paused', { of: 3, acknowledged: 1 })

  it('when its lease is due, then it is renewed, so that the cohort keeps the release while people decide', () => {
    expect(kinds(when(paused, { type: 'due', timer: 'lease' }).effects)).toEqual(['issueHeads', 'schedule'])
  })

  it('when a person resumes it, then new heads are issued and acknowledged again', () => {
    const { state, effects } = when(paused, decisionReceived('resume', 'canary'))
    expect(state).toMatchObject({ state: 'publishing', observed: false, members: [{ published: false, acknowledged: 0 }] })
    expect(kinds(effects)).toEqual(['answer', 'issueHeads', 'schedule'])
  })

  it('when a person promotes it, then an observation passes; before the cohort has acknowledged, the promotion is late', () => {
    const { state, effects } = when(canary('observing'), decisionReceived('promote', 'canary'))
    expect([state.state, kinds(effects)]).toEqual(['passed', ['answer', 'cancel', 'pass']])
    expect(effects[1]).toEqual({ do: 'cancel', timers: ['acknowledge', 'observe', 'measure'] })
    const early = when(canary('publishing', { acknowledged: 0 }), decisionReceived('promote', 'canary'))
    expect([early.state.state, early.effects]).toMatchObject(['publishing', [{ do: 'answer', outcome: 'late' }]])
  })

  it('when a person promotes it, then it passes as promoted', () => {
    const { effects } = when(paused, decisionReceived('promote', 'canary'))
    expect(effects.at(-1)).toEqual({ do: 'pass', basis: 'promoted', summary: 'promoted by EPA Chief: drill' })
  })

  it('when a person aborts it, then it responds first, and is rolled back', () => {
    const { state, effects } = when(paused, decisionReceived('abort', 'simulate'))
    expect([state.state, kinds(effects)]).toEqual(['ended', ['answer', 'takeBack', 'cancel', 'freeRegions']])
  })

  it('when a person retries it, then it is rolled back and ends before the next attempt', () => {
    const { state, effects } = when(paused, decisionReceived('retry', 'canary'))
    expect([state.state, kinds(effects)]).toEqual(['ended', ['answer', 'takeBack', 'cancel', 'freeRegions']])
    expect(when(canary('observing'), decisionReceived('retry', 'canary')).effects).toMatchObject([{ do: 'answer', outcome: 'late' }])
  })

  it('when a newer release supersedes it, then it responds first, and is rolled back', () => {
    for (const given of [paused, canary('publishing', { acknowledged: 0 }), canary('observing')]) {
      const { state, effects } = when(given, decisionReceived('supersede', 'simulate'))
      expect([state.state, kinds(effects)]).toEqual(['ended', ['answer', 'takeBack', 'cancel', 'freeRegions']])
      expect(effects[0]).toMatchObject({ outcome: 'applied' })
    }
    expect(when(canary('passed'), decisionReceived('supersede', 'canary')).effects).toEqual([])
  })

  it('when the statement is refused, then the response has the reason and nothing else happens', () => {
    const { state, effects } = when(paused, decisionReceived('promote', 'canary', 'EPA Counsel may not promote'))
    expect([state, effects.length]).toEqual([paused, 1])
    expect(effects[0]).toMatchObject({ do: 'answer', outcome: 'late', detail: 'EPA Counsel may not promote' })
  })
})

describe('given a freeze in its scope', () => {
  const later = new Date(NOW.getTime() + 10 * 60_000)

  it('when the canary is opened, then no head is issued until the freeze ends', () => {
    const { state, effects } = when(FRESH, { type: 'opened', dossier: DOSSIER, isProven: true, frozen: FREEZE })
    expect([state.state, kinds(effects)]).toEqual(['waiting', ['hms.canary.delayed.v1']])
    expect(effects[0]).toMatchObject({
      data: { reason: 'FREEZE', detail: 'waits for election-week until 2026-01-02T00:00:00.000Z: polling stations report' },
    })
    expect(when(state, { type: 'freezeChanged', frozen: null }).state.state).toBe('publishing')
  })

  it('when the freeze ends after the effective time, then the canary reports no time that has passed', () => {
    const context = { ...CONTEXT, now: new Date('2026-09-01T00:00:01Z') }
    const { state } = when({ ...held('waiting'), frozen: FREEZE }, { type: 'freezeChanged', frozen: null }, context)
    expect([state.state, state.members.map(({ beginsAt }) => beginsAt)]).toEqual(['publishing', [undefined]])
  })

  it('when the log contains the approvals, then the canary still waits', () => {
    const { state } = when(canary('proving', { frozen: FREEZE }), { type: 'proven', dossier: DOSSIER, isProven: true, frozen: FREEZE })
    expect(state.state).toBe('waiting')
  })

  it('when it began before the canary was notified, then neither the log nor a free region issues the first head', () => {
    const proven = when(canary('proving', { of: 0 }), { type: 'proven', dossier: DOSSIER, isProven: true, frozen: FREEZE })
    expect([proven.state.state, kinds(proven.effects)]).toEqual(['waiting', ['hms.canary.delayed.v1']])
    const freed = when(canary('waiting', { of: 0, behind: AHEAD }), { type: 'regionFreed', behind: null, frozen: FREEZE })
    expect([freed.state.state, freed.state.behind, kinds(freed.effects)]).toEqual([
      'waiting',
      undefined,
      ['hms.canary.delayed.v1', 'freeRegions'],
    ])
    expect(when(freed.state, { type: 'freezeChanged', frozen: FREEZE }).effects).toEqual([])
  })

  it('when it ended before the canary was notified, then a free region issues the first head', () => {
    const { state } = when(canary('waiting', { of: 0, behind: AHEAD, frozen: FREEZE }), { type: 'regionFreed', behind: null, frozen: null })
    expect(state).toMatchObject({ state: 'publishing', frozen: null })
  })

  it('when no connected bot is below the share, then the share is not widened before the freeze ends', () => {
    const narrow = (seq: number) => {
      const audience = { connected: 3, cohort: 0, smallestBucket: 811 }
      return { type: 'published' as const, heads: [{ ...storedHead(SCOPE, 3), seq, audience }], at: NOW.toISOString() }
    }
    const held = when(canary('publishing', { of: 0, frozen: FREEZE }), narrow(7))
    expect([held.state.members[0]?.share, held.state.state, held.effects]).toEqual([500, 'publishing', []])
    const lifted = when(held.state, { type: 'freezeChanged', frozen: null })
    expect(when(lifted.state, narrow(7)).effects).toEqual([{ do: 'issueHeads', fast: false, policies: [POLICY] }])
  })

  it('when one begins during the observation, then the clock stops, and later continues with the remaining time', () => {
    const observing = canary('observing', { observeUntil: new Date(NOW.getTime() + 40_000).toISOString() })
    const stopped = when(observing, { type: 'freezeChanged', frozen: FREEZE })
    expect(stopped.state).toMatchObject({ state: 'observing', remainingMs: 40_000, observeUntil: null })
    expect(kinds(stopped.effects)).toEqual(['cancel', 'hms.canary.delayed.v1'])
    expect(when(stopped.state, { type: 'due', timer: 'observe' }).effects).toEqual([])
    const goesOn = when(stopped.state, { type: 'freezeChanged', frozen: null }, { ...CONTEXT, now: later })
    expect(goesOn.state.observeUntil).toBe(new Date(later.getTime() + 40_000).toISOString())
    expect(goesOn.state).not.toHaveProperty('remainingMs')
    expect(goesOn.effects).toContainEqual({ do: 'schedule', timer: 'observe', inMs: 40_000 })
  })

  it('when one of another region begins or ends, then the observation continues unchanged', () => {
    const observing = canary('observing', { observeUntil: new Date(NOW.getTime() + 40_000).toISOString() })
    expect(when(observing, { type: 'freezeChanged', frozen: null })).toEqual({ state: observing, effects: [] })
    const stopped = canary('observing', { frozen: FREEZE, remainingMs: 40_000, observeUntil: null })
    expect(when(stopped, { type: 'freezeChanged', frozen: { ...FREEZE } })).toEqual({ state: stopped, effects: [] })
  })

  it('when its cohort acknowledges, then the observation begins with its clock stopped', () => {
    const given = canary('publishing', { of: 3, acknowledged: 0, frozen: FREEZE })
    const stored = when(given, { type: 'published', heads: [storedHead(SCOPE, 3)], at: NOW.toISOString() })
    const { state, effects } = when(stored.state, { type: 'covered', reports: [report(3, 3)] })
    expect(state).toMatchObject({ state: 'observing', remainingMs: 60_000, observeUntil: null })
    expect(kinds(effects)).not.toContain('schedule')
  })

  it('when a second bot alerts, then the canary is rolled back', () => {
    const first = when(canary('observing', { frozen: FREEZE, remainingMs: 1_000 }), { type: 'alerted', alert: ONE_ALERT })
    expect(kinds(when(first.state, { type: 'alerted', alert: ALERT }).effects)).toEqual(['takeBack', 'cancel', 'fail', 'freeRegions'])
  })
})

describe('given another canary in its region', () => {
  const opened: CanaryInput = { type: 'opened', dossier: DOSSIER, isProven: true, frozen: null, behind: AHEAD }
  const waiting = canary('waiting', { of: 0, behind: AHEAD })

  it('when the canary is opened, then it issues nothing, reports the other canary, and begins when the region is free', () => {
    const { state, effects } = when(FRESH, opened)
    expect([state.state, kinds(effects)]).toEqual(['waiting', ['hms.canary.delayed.v1']])
    expect(effects[0]).toMatchObject({
      data: { behind: 183, detail: 'waits for run #183, which occupies National Capital Region until its bake ends' },
    })
    const begun = when(state, { type: 'regionFreed', behind: null, frozen: null })
    expect([begun.state.state, kinds(begun.effects)]).toEqual(['publishing', ['issueHeads', 'schedule', 'hms.canary.started.v1']])
    expect(begun.state).not.toHaveProperty('behind')
  })

  it('when the log contains the approvals, then the canary still waits', () => {
    const { state } = when(canary('proving'), { type: 'proven', dossier: DOSSIER, isProven: true, frozen: null, behind: AHEAD })
    expect(state).toMatchObject({ state: 'waiting', behind: AHEAD })
  })

  it('when a third canary has the region by then, then it still waits and reports the third', () => {
    const { state, effects } = when(waiting, { type: 'regionFreed', behind: { ...AHEAD, run: 182 }, frozen: null })
    expect([state.state, effects]).toMatchObject(['waiting', [{ data: { behind: 182 } }]])
    expect(when(state, { type: 'regionFreed', behind: { ...AHEAD, run: 182 }, frozen: null })).toEqual({ state, effects: [] })
  })

  it('when a freeze begins, then it no longer blocks later runs, and waits for both', () => {
    const frozen = when(waiting, { type: 'freezeChanged', frozen: FREEZE, behind: AHEAD })
    expect([frozen.state.state, kinds(frozen.effects)]).toEqual(['waiting', ['hms.canary.delayed.v1', 'freeRegions']])
    const after = when(frozen.state, { type: 'freezeChanged', frozen: null, behind: AHEAD })
    expect([after.state.state, after.effects]).toMatchObject(['waiting', [{ data: { behind: 183 } }]])
    for (const behind of [null, { ...AHEAD, run: 182 }]) {
      const { state, effects } = when(frozen.state, { type: 'regionFreed', behind, frozen: FREEZE })
      expect([state.state, effects]).toEqual(['waiting', []])
    }
  })

  it.each([
    ['waits and is aborted', waiting, decisionReceived('abort', 'canary')],
    ['observes and its run ends', canary('observing'), { type: 'ended', attempt: 1, reason: 'deadline' }],
    ['bakes and its rollout has ended', canary('baking'), { type: 'completed' }],
    ['bakes and its run ends', canary('baking'), { type: 'ended', attempt: 1, reason: 'deadline' }],
    ['passed and its release waits for its effective time', held('passed'), { type: 'promoted' }],
  ] as const)('when it %s, then it releases the region', (_what, given, input) => {
    expect(when(given, input).effects.at(-1)).toEqual({ do: 'freeRegions' })
  })

  it('when it bakes, then it keeps the region, because an alert without a policy would count for two canaries', () => {
    expect(kinds(when(canary('passed'), { type: 'promoted' }).effects)).not.toContain('freeRegions')
  })

  it('when it pauses, then it keeps the region, because its cohort applies the release', () => {
    expect(kinds(when(canary('observing'), decisionReceived('pause', 'canary')).effects)).not.toContain('freeRegions')
  })
})

describe('given an observation and a person', () => {
  const observing = canary('observing', { observeUntil: new Date(NOW.getTime() + 40_000).toISOString() })

  it('who pauses it, then its clock stops and its lease continues', () => {
    const { state, effects } = when(observing, decisionReceived('pause', 'canary'))
    expect([state.state, kinds(effects)]).toEqual(['paused', ['answer', 'cancel', 'hms.canary.paused.v1']])
    expect(effects.at(-1)).toMatchObject({ data: { reason: 'MANUAL', detail: 'paused by EPA Chief: drill' } })
    expect(kinds(when(state, { type: 'due', timer: 'lease' }).effects)).toEqual(['issueHeads', 'schedule'])
  })

  it('who extends it, then it is observed longer by that time', () => {
    const { effects } = when(observing, decisionReceived('extend', 'canary'))
    expect(effects).toContainEqual({ do: 'schedule', timer: 'observe', inMs: 40_000 + 600_000 })
  })

  it('who extends it while it is paused, then its bots acknowledge again and it is observed for that time', () => {
    const resumed = when(canary('paused'), decisionReceived('extend', 'canary'))
    expect(resumed.state).toMatchObject({ state: 'publishing', remainingMs: 600_000 })
    const stored = when({ ...resumed.state, members: canary('observing').members }, { type: 'covered', reports: [report(3, 3)] })
    expect(stored.effects).toContainEqual({ do: 'schedule', timer: 'observe', inMs: 600_000 })
  })
})

describe('every state with every input', () => {
  const suspect = [{ alert: 'a0', bot: 'bot-8', reading: 'r0', reason: '' }]
  const states: Record<string, Canary> = {
    new: FRESH,
    proving: canary('proving', { of: 0 }),
    waiting: canary('waiting', { of: 0, frozen: FREEZE }),
    'waiting, region taken': canary('waiting', { of: 0, behind: AHEAD }),
    publishing: canary('publishing', { of: 3, acknowledged: 0, unexplained: suspect }),
    observing: canary('observing', { observeUntil: NOW.toISOString(), unexplained: suspect }),
    'observing, clock stopped': canary('observing', { frozen: FREEZE, remainingMs: 1_000, observeUntil: null, unexplained: suspect }),
    'observing, lease lapsed': canary('observing', {
      observeUntil: NOW.toISOString(),
      unexplained: suspect,
      leaseUntil: NOW.toISOString(),
    }),
    'observing, no bot connected': canary('observing', { observeUntil: NOW.toISOString(), unexplained: suspect, of: 0 }),
    'observing, power asked for': canary('observing', {
      observeUntil: NOW.toISOString(),
      unexplained: suspect,
      dossier: { ...DOSSIER, plan: { ...DOSSIER.plan, requirePower: true } },
    }),
    'observing, metric failed once': canary('observing', {
      observeUntil: NOW.toISOString(),
      unexplained: suspect,
      metrics: [{ ...METRIC, failed: 1 }],
    }),
    'observing, metric mute for long': canary('observing', {
      observeUntil: NOW.toISOString(),
      unexplained: suspect,
      metrics: [{ ...METRIC, unanswered: 3, problem: 'no answer within 5 s' }],
    }),
    growing: canary('growing', { dossier: RAMP, unexplained: suspect }),
    'growing, frozen': canary('growing', { dossier: RAMP, frozen: FREEZE, unexplained: suspect }),
    'observing, more steps': canary('observing', { dossier: RAMP, observeUntil: NOW.toISOString(), unexplained: suspect }),
    paused: canary('paused', { of: 3, acknowledged: 1, unexplained: suspect }),
    passed: canary('passed', { unexplained: suspect }),
    baking: canary('baking', { unexplained: suspect }),
    failed: canary('failed'),
    ended: canary('ended'),
  }
  const withoutEvidence: CanaryInput = { type: 'due', timer: 'observe' }
  const inputs: Record<string, CanaryInput> = {
    'opened, approvals logged': { type: 'opened', dossier: DOSSIER, isProven: true, frozen: null },
    'opened, approvals not logged': { type: 'opened', dossier: DOSSIER, isProven: false, frozen: null },
    'opened during a freeze': { type: 'opened', dossier: DOSSIER, isProven: true, frozen: FREEZE },
    'opened, region taken': { type: 'opened', dossier: DOSSIER, isProven: true, frozen: null, behind: AHEAD },
    'freeze begins': { type: 'freezeChanged', frozen: FREEZE },
    'freeze ends': { type: 'freezeChanged', frozen: null },
    'freeze ends, region taken': { type: 'freezeChanged', frozen: null, behind: { ...AHEAD, run: 182 } },
    'next step may begin': { type: 'mayGrow', frozen: null },
    'next step is frozen': { type: 'mayGrow', frozen: FREEZE },
    'region is free': { type: 'regionFreed', behind: null, frozen: null },
    'region is free, a freeze has begun': { type: 'regionFreed', behind: null, frozen: FREEZE },
    'region goes to another': { type: 'regionFreed', behind: { ...AHEAD, run: 182 }, frozen: null },
    'approvals logged': { type: 'proven', dossier: DOSSIER, isProven: true, frozen: null },
    'approvals logged, a freeze has begun': { type: 'proven', dossier: DOSSIER, isProven: true, frozen: FREEZE },
    'heads stored, bots connected': { type: 'published', heads: [storedHead(SCOPE, 3)], at: NOW.toISOString() },
    'heads stored, no bot connected': { type: 'published', heads: [storedHead(SCOPE, 0)], at: NOW.toISOString() },
    'cohort acknowledged': { type: 'covered', reports: [report(3, 3)] },
    'second bot alerts': { type: 'alerted', alert: ALERT },
    'control group alerts': { type: 'controlAlerted', alert: { bot: 'bot-7', once: 'bot-7 r1', receivedAt: NOW.toISOString() } },
    'metric holds': { type: 'measured', samples: [{ name: 'errors', holds: true }] },
    'metric fails': { type: 'measured', samples: [{ name: 'errors', holds: false }] },
    'metric has no answer': { type: 'measured', samples: [{ name: 'errors', problem: 'no answer within 5 s' }] },
    'stable heads took over': { type: 'promoted' },
    'rollout completed': { type: 'completed' },
    ...commonInputs(CANARY_TIMERS, 'canary'),
    'observe timer is due, evidence is optional': withoutEvidence,
  }
  const transitions = transitionsOf(states, inputs, (state, input) =>
    decideCanary(state, input, { ...CONTEXT, evidence: input === withoutEvidence ? 'optional' : 'required' }),
  )

  it('has a sample of each state and of each input', () => {
    const allStates: Record<Canary['state'], true> = {
      new: true,
      proving: true,
      waiting: true,
      publishing: true,
      observing: true,
      growing: true,
      passed: true,
      baking: true,
      failed: true,
      paused: true,
      ended: true,
    }
    const allInputs: Record<CanaryInput['type'], true> = {
      opened: true,
      proven: true,
      freezeChanged: true,
      mayGrow: true,
      regionFreed: true,
      published: true,
      covered: true,
      alerted: true,
      controlAlerted: true,
      measured: true,
      promoted: true,
      completed: true,
      refused: true,
      due: true,
      ended: true,
      decisionReceived: true,
    }
    expect(unsampled({ states: allStates, inputs: allInputs }, states, inputs)).toEqual([])
  })

  it('has a defined result for each state and input, as docs/stages/canary shows', async () => {
    await expect(describeStage('Canary', transitions)).toMatchFileSnapshot('../../../../docs/stages/canary.md')
    await expect(drawStage('Canary', transitions, ['failed', 'ended'])).toMatchFileSnapshot('../../../../docs/stages/canary.svg')
  })

  it('never leaves an end state', () => {
    for (const { state, next, effects } of transitions.filter((one) => ['failed', 'ended'].includes(one.state)))
      expect([next, effects.filter((effect) => effect !== 'answer late')]).toEqual([state, []])
  })
})
