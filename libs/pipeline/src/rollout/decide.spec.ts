import { assert, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COVERAGE_REPORT_MS, type CoverageReport } from '#libs/contracts'
import { decisionReceived, commonInputs, DOSSIER, NOW, ORIGIN, POLICY, storedHead } from '../testing/samples.js'
import { drawStage } from '../testing/stage-diagram.js'
import { describeStage, transitionsOf, unsampled } from '../testing/transitions.js'
import { decideRollout } from './decide.js'
import { ROLLOUT_TIMERS, type RolloutContext, type RolloutEffect, type RolloutInput } from './inputs-and-effects.js'
import { newRollout, type Rollout } from './rollout.js'

const CONTEXT: RolloutContext = { now: NOW, publishMs: 600_000, acknowledgeMs: 30_000 }
const FRESH = newRollout(DOSSIER, ORIGIN, { quorum: 9_900, begins: new Map() })
const FREEZE = { id: 'stop-the-line', reason: 'drill', until: null }
const LATER = new Date(NOW.getTime() + 3_600_000).toISOString()
const AT_ITS_TIME: RolloutContext = { ...CONTEXT, now: new Date(LATER) }
const LIVE = { [POLICY]: DOSSIER.live[POLICY]! }

/** Rollout with head 7 issued, `of` bots connected and `acknowledged` of them acknowledged. */
function rollout(
  state: Rollout['state'],
  { of = 4, acknowledged = of, ...more }: Partial<Rollout> & { of?: number; acknowledged?: number } = {},
): Rollout {
  const silent = Array.from({ length: of - acknowledged }, (_, index) => `bot-${index + 1}`)
  const member = { ...FRESH.members[0]!, seq: 7, published: state !== 'publishing', connected: of, expected: of, acknowledged, silent }
  return { ...FRESH, state, members: [member], promoted: state !== 'publishing', ...more }
}

/** Returns the rollout with a release that takes effect at `LATER`. */
function later(given: Rollout): Rollout {
  return { ...given, members: given.members.map((member) => ({ ...member, beginsAt: LATER, heldOnly: true })) }
}

/** Coverage report. `release`: release that the acknowledgements are for. */
function report(expected: number, acknowledged: number, seq = 7, release = 'sha256:new'): CoverageReport {
  const scope = { scope: 'global', seq, release, expected, acknowledged, silent: [] }
  return { policy: POLICY, revision: 3, scopes: [scope] }
}

const when = (state: Rollout, ...inputs: RolloutInput[]): { state: Rollout; effects: readonly RolloutEffect[] } =>
  inputs.reduce<{ state: Rollout; effects: readonly RolloutEffect[] }>((before, input) => decideRollout(before.state, input, CONTEXT), {
    state,
    effects: [],
  })
const kinds = (effects: readonly RolloutEffect[]): string[] => effects.map((effect) => (effect.do === 'emit' ? effect.type : effect.do))
const dataOf = (effects: readonly RolloutEffect[], type: string): object | undefined => {
  const found = effects.find((effect) => effect.do === 'emit' && effect.type === type)
  return found?.do === 'emit' ? found.data : undefined
}

describe('given a new rollout', () => {
  it('when the live release is the one that the run was prepared against, then it issues heads and waits for config-store', () => {
    const { state, effects } = when(FRESH, { type: 'opened', stable: LIVE, frozen: null })
    expect(state.state).toBe('publishing')
    expect(effects).toEqual([
      { do: 'issueHeads', how: 'advance' },
      { do: 'schedule', timer: 'publish', inMs: 600_000 },
      {
        do: 'emit',
        type: 'hms.rollout.started.v1',
        data: { run: 184, attempt: 1, detail: 'waiting for config-store to store the heads', dossier: FRESH.dossier },
      },
    ])
  })

  it('when it is a break-glass, then it announces no canary that passed', () => {
    const { effects } = when({ ...FRESH, breakGlass: true }, { type: 'opened', stable: LIVE, frozen: null })
    expect(dataOf(effects, 'hms.rollout.started.v1')).not.toHaveProperty('dossier')
  })

  it('when another version is live, then it fails and publishes nothing', () => {
    const { state, effects } = when(FRESH, {
      type: 'opened',
      stable: { [POLICY]: { releaseDigest: 'sha256:other', version: '1.6.0' } },
      frozen: null,
    })
    expect([state.state, kinds(effects)]).toEqual(['failed', ['hms.rollout.failed.v1']])
    expect(dataOf(effects, 'hms.rollout.failed.v1')).toMatchObject({
      reason: 'LIVE_MOVED',
      detail: 'the live version of epa-pm25-limit changed to 1.6.0 during the canary',
    })
  })
})

describe('given a new break-glass rollout', () => {
  const given: Rollout = { ...FRESH, breakGlass: true }
  const opened = (id: string): RolloutInput => ({ type: 'opened', stable: LIVE, frozen: { ...FREEZE, id } })

  it.each(['election-week', 'stop-the-line'])('when freeze %s is active, then it ends other rollouts and issues heads', (id) => {
    const { state, effects } = when(given, opened(id))
    expect(state.state).toBe('publishing')
    expect(kinds(effects)).toEqual(['overtake', 'issueHeads', 'schedule', 'hms.rollout.started.v1'])
  })

  it('when an earlier build made it wait for the stop switch, then it is verified again before it continues', () => {
    const held: Rollout = { ...given, state: 'waiting', frozen: FREEZE }
    const over = when(held, { type: 'refused', reason: 'GRANT_EXPIRED', detail: 'good until noon' })
    expect([over.state.state, kinds(over.effects)]).toEqual(['failed', ['hms.rollout.failed.v1']])
    const lifted = when(held, { type: 'freezeChanged', stable: LIVE, frozen: null })
    expect([lifted.state.state, kinds(lifted.effects)[0]]).toEqual(['publishing', 'overtake'])
  })

  it('when its approvals are missing, then it fails and issues no head', () => {
    const { state, effects } = when(given, { type: 'refused', reason: 'NOT_APPROVED', detail: 'one signed' })
    expect([state.state, kinds(effects)]).toEqual(['failed', ['hms.rollout.failed.v1']])
  })
})

describe('given issued heads', () => {
  it('when they are stored and no bot is connected, then the promotion is published and it bakes', () => {
    const { state, effects } = when(rollout('publishing', { of: 0 }), { type: 'published', heads: [storedHead('global', 0)] })
    expect(state).toMatchObject({ state: 'baking', promoted: true })
    expect(kinds(effects)).toEqual(['cancel', 'hms.rollout.promoted.v1', 'cancel', 'schedule', 'hms.rollout.bake-started.v1'])
  })

  it('when they are stored and bots are connected, then it waits for acknowledgements', () => {
    const { state, effects } = when(rollout('publishing', { of: 4, acknowledged: 0 }), {
      type: 'published',
      heads: [storedHead('global', 4)],
    })
    expect(state.state).toBe('acknowledging')
    expect(effects.at(-1)).toEqual({ do: 'schedule', timer: 'acknowledge', inMs: 30_000 })
  })

  it('when heads of another seq or scope are stored, then nothing happens', () => {
    const given = rollout('publishing')
    for (const head of [{ ...storedHead('global', 4), seq: 6 }, storedHead('region:NCR', 4)])
      expect(when(given, { type: 'published', heads: [head] })).toEqual({ state: given, effects: [] })
  })

  it('when they are not stored in time, then they are rolled back and the run fails', () => {
    const { state, effects } = when(rollout('publishing'), { type: 'due', timer: 'publish' })
    expect([state.state, kinds(effects)]).toEqual(['failed', ['takeBack', 'cancel', 'hms.rollout.failed.v1']])
  })
})

describe('given bots that have not all acknowledged', () => {
  const waiting = rollout('acknowledging', { of: 200, acknowledged: 100 })

  it('when all have acknowledged, then it bakes, and reports when half, most and all had', () => {
    const covered = (state: Rollout, acknowledged: number, now: string) =>
      decideRollout(state, { type: 'covered', reports: [report(200, acknowledged)] }, { ...CONTEXT, now: new Date(now) })
    const half = covered(waiting, 189, '2026-01-01T00:00:01Z')
    const { state, effects } = covered(half.state, 200, '2026-01-01T00:00:02Z')
    expect(state.state).toBe('baking')
    expect(dataOf(effects, 'hms.rollout.bake-started.v1')).toMatchObject({
      reach: { bots: 200, current: 200, halfAt: '2026-01-01T00:00:01.000Z', mostAt: '2026-01-01T00:00:02.000Z' },
    })
  })

  it('when only the quorum has acknowledged, then it waits until the timeout, and then bakes', () => {
    const quorum = when(waiting, { type: 'covered', reports: [report(200, 198)] })
    expect(quorum.state.state).toBe('acknowledging')
    expect(when(quorum.state, { type: 'due', timer: 'acknowledge' }).state.state).toBe('baking')
  })

  it('when the timeout expires without a quorum, then it pauses and names the silent bots', () => {
    const { state, effects } = when(rollout('acknowledging', { of: 4, acknowledged: 2 }), { type: 'due', timer: 'acknowledge' })
    expect(state.state).toBe('paused')
    expect(dataOf(effects, 'hms.rollout.paused.v1')).toMatchObject({
      reason: 'ACK_TIMEOUT',
      detail: 'ACK_TIMEOUT: 2 of 4 bots acknowledged; silent: bot-1, bot-2',
    })
  })

  it('when an older head is acknowledged, then nothing happens', () => {
    expect(when(waiting, { type: 'covered', reports: [report(200, 200, 6)] }).state.state).toBe('acknowledging')
  })
})

describe('given a bake', () => {
  it('when it ends, then the completion reports when the head was first stored', () => {
    const storedAt = '2026-11-26T10:00:00.500Z'
    const first = when(rollout('publishing', { of: 0 }), { type: 'published', heads: [{ ...storedHead('global', 0), storedAt }] })
    const renewed = { ...storedHead('global', 0), storedAt: '2026-11-26T11:00:00.000Z' }
    const again = {
      ...first.state,
      state: 'publishing' as const,
      members: first.state.members.map((each) => ({ ...each, published: false })),
    }
    const baking = { ...when(again, { type: 'published', heads: [renewed] }).state, state: 'baking' as const }
    expect(dataOf(when(baking, { type: 'due', timer: 'bake' }).effects, 'hms.rollout.completed.v1')).toMatchObject({ storedAt })
  })

  it('when it ends, then the rollout is completed and releases the policies', () => {
    const { state, effects } = when(rollout('baking'), { type: 'due', timer: 'bake' })
    expect([state.state, kinds(effects)]).toEqual(['completed', ['freePolicies', 'cancel', 'hms.rollout.completed.v1']])
    expect(dataOf(effects, 'hms.rollout.completed.v1')).toMatchObject({ summary: '4 of 4 bots acknowledged' })
  })

  it('when it ends and bots that joined have not acknowledged, then they get the full timeout, and it does not bake again', () => {
    const joined = when(rollout('baking', { of: 4, acknowledged: 1 }), { type: 'due', timer: 'bake' })
    expect(joined.state).toMatchObject({ state: 'acknowledging', baked: true })
    expect(when(joined.state, { type: 'covered', reports: [report(4, 4)] }).state.state).toBe('completed')
  })

  it('when it ends after the period of coverage reports, then the bots are recounted', () => {
    const given = rollout('baking', { countedSince: new Date(NOW.getTime() - COVERAGE_REPORT_MS - 1).toISOString() })
    const { state, effects } = when(given, { type: 'due', timer: 'bake' })
    expect(state).toMatchObject({ state: 'acknowledging', baked: true, countedSince: NOW.toISOString(), members: [{ acknowledged: 0 }] })
    expect(effects).toEqual([
      { do: 'issueHeads', how: 'renew' },
      { do: 'schedule', timer: 'acknowledge', inMs: 30_000 },
    ])
    expect(when(state, { type: 'covered', reports: [report(4, 4)] }).state.state).toBe('completed')
    expect(when(state, { type: 'due', timer: 'acknowledge' }).state.state).toBe('paused')
  })

  it('when the cohort raises unexplained alerts, then it is rolled back; an alarm of another attempt is ignored', () => {
    const alarm = { type: 'alarmed', reason: 'UNEXPLAINED_ALERTS', detail: '2 unexplained alerts' } as const
    expect(when(rollout('baking'), { ...alarm, attempt: 1 }).state.state).toBe('failed')
    expect(when(rollout('baking'), { ...alarm, attempt: 2 }).effects).toEqual([])
  })

  it('when a rollback changed its policy, then it ends and does not change the live release', () => {
    const { state, effects } = when(rollout('baking'), { type: 'overtaken', policies: [POLICY] })
    expect([state.state, kinds(effects)]).toEqual(['aborted', ['freePolicies', 'cancel']])
  })

  it('when one of its policies is changed before the promotion is published, then the rest of its bundle is rolled back too', () => {
    const input = { type: 'overtaken', policies: [POLICY] } as const
    for (const state of ['publishing', 'paused'] as const) {
      const { effects } = when(rollout(state, { promoted: false }), input)
      expect(effects).toContainEqual({ do: 'giveUpRest', moved: [POLICY] })
    }
    for (const given of [rollout('waiting', { promoted: false }), rollout('baking')])
      expect(kinds(when(given, input).effects)).not.toContain('giveUpRest')
  })
})

describe('given a paused rollout', () => {
  const paused = rollout('paused', { of: 4, acknowledged: 2 })

  it('when a person resumes it, then the same heads are issued again and the wait restarts', () => {
    const { state, effects } = when(paused, decisionReceived('resume', 'rollout'))
    expect(state).toMatchObject({ state: 'publishing', members: [{ published: false, acknowledged: 0 }] })
    expect(kinds(effects)).toEqual(['answer', 'issueHeads', 'schedule'])
  })

  it('when a person promotes it, then it bakes and reports who accepted the silent bots', () => {
    const { state } = when(paused, decisionReceived('promote', 'rollout'), { type: 'due', timer: 'bake' })
    expect(state).toMatchObject({ state: 'completed', acceptedBy: 'EPA Chief' })
  })

  describe('whose heads were not stored yet', () => {
    const waiting = { ...rollout('publishing', { of: 0 }), state: 'paused' as const }
    const stored: RolloutInput = { type: 'published', heads: [storedHead('global', 4)] }

    it('when they are stored, then the promotion is published, and it stays paused', () => {
      const { state, effects } = when(waiting, stored)
      expect([state.state, state.promoted, kinds(effects)]).toEqual(['paused', true, ['hms.rollout.promoted.v1']])
    })

    it('when a person promotes it, then it waits for config-store, but not for bots', () => {
      const asFirst = when(waiting, decisionReceived('promote', 'rollout'))
      expect([asFirst.state.state, kinds(asFirst.effects)]).toEqual(['publishing', ['answer', 'schedule']])
      const { state, effects } = when(asFirst.state, stored)
      expect([state.state, state.acceptedBy]).toEqual(['baking', 'EPA Chief'])
      expect(kinds(effects)).toEqual(['cancel', 'hms.rollout.promoted.v1', 'cancel', 'schedule', 'hms.rollout.bake-started.v1'])
    })
  })

  it('when a person aborts it, then the previous release is live again before the run ends', () => {
    const { state, effects } = when(paused, decisionReceived('abort', 'canary'))
    expect([state.state, kinds(effects)]).toEqual(['aborted', ['takeBack', 'cancel', 'answer']])
  })

  it('when the statement is refused, then the response has the reason and nothing else happens', () => {
    const { state, effects } = when(paused, decisionReceived('promote', 'rollout', 'EPA Counsel may not promote'))
    expect(state).toBe(paused)
    expect(effects).toMatchObject([{ do: 'answer', outcome: 'late', detail: 'EPA Counsel may not promote' }])
  })
})

describe('given a freeze', () => {
  const opened: RolloutInput = { type: 'opened', stable: LIVE, frozen: FREEZE }

  it('when the rollout is opened, then no head is issued until the freeze ends', () => {
    const { state, effects } = when(FRESH, opened)
    expect([state.state, kinds(effects)]).toEqual(['waiting', ['hms.rollout.delayed.v1']])
    expect(dataOf(effects, 'hms.rollout.delayed.v1')).toMatchObject({ reason: 'FREEZE', detail: 'waits for stop-the-line: drill' })
    const goesOn = when(state, { type: 'freezeChanged', stable: LIVE, frozen: null })
    expect([goesOn.state.state, kinds(goesOn.effects)[0]]).toEqual(['publishing', 'issueHeads'])
  })

  it('when another version went live meanwhile, then it fails and publishes nothing', () => {
    const { state, effects } = when(FRESH, opened, { type: 'freezeChanged', stable: {}, frozen: null })
    expect([state.state, kinds(effects)]).toEqual(['failed', ['hms.rollout.failed.v1']])
  })

  it('when a newer release supersedes the waiting rollout, then it ends without heads', () => {
    const { state, effects } = when(FRESH, opened, decisionReceived('supersede', 'rollout'))
    expect([state.state, kinds(effects)]).toEqual(['aborted', ['answer']])
    expect(effects[0]).toMatchObject({ outcome: 'applied' })
  })

  it('when a person aborts the waiting rollout, then nothing is rolled back', () => {
    const { state, effects } = when(FRESH, opened, decisionReceived('abort', 'rollout'))
    expect([state.state, kinds(effects)]).toEqual(['aborted', ['answer']])
  })
})

describe('given a release that takes effect later', () => {
  const held = when(later(rollout('acknowledging', { acknowledged: 3 })), { type: 'covered', reports: [report(4, 4, 7, 'sha256:old')] })
  const begun = decideRollout(held.state, { type: 'due', timer: 'begin' }, AT_ITS_TIME)

  it('when all bots have received it, then that is published, and it waits for the effective time', () => {
    expect(held.state.state).toBe('holding')
    expect(held.effects).toEqual([
      { do: 'cancel', timers: ['acknowledge'] },
      { do: 'schedule', timer: 'begin', inMs: 3_600_000 },
      {
        do: 'emit',
        type: 'hms.rollout.held.v1',
        data: {
          dossier: DOSSIER,
          until: LATER,
          detail: `4 of 4 bots acknowledged; held until ${LATER}`,
          reach: expect.objectContaining({ bots: 4, current: 4 }) as object,
        },
      },
    ])
    expect(when(held.state, { type: 'due', timer: 'bake' }, { type: 'due', timer: 'acknowledge' }).state).toBe(held.state)
  })

  it('when the heads are stored, then the promotion has the effective time, unless that has passed meanwhile', () => {
    const given = later(rollout('publishing', { of: 4 }))
    const stored = { type: 'published', heads: [storedHead('global', 4)] } as const
    const headsAt = (context: RolloutContext) => dataOf(decideRollout(given, stored, context).effects, 'hms.rollout.promoted.v1')
    expect(headsAt(CONTEXT)).toMatchObject({ heads: [{ policy: POLICY, from: LATER }] })
    expect(headsAt(AT_ITS_TIME)).not.toHaveProperty('heads.0.from')
  })

  it('when the effective time comes, then it bakes only once the bots apply the release', () => {
    expect([begun.state.state, kinds(begun.effects)]).toEqual(['acknowledging', ['hms.rollout.took-effect.v1', 'schedule']])
    const late = decideRollout(begun.state, { type: 'covered', reports: [report(4, 4, 7, 'sha256:old')] }, AT_ITS_TIME)
    expect(late.state.state).toBe('acknowledging')
    const live = decideRollout(late.state, { type: 'covered', reports: [report(4, 4)] }, AT_ITS_TIME)
    expect([live.state.state, kinds(live.effects).at(-1)]).toEqual(['baking', 'hms.rollout.bake-started.v1'])
    expect(dataOf(live.effects, 'hms.rollout.bake-started.v1')).toMatchObject({
      detail: expect.stringContaining(`4 of 4 bots acknowledged; in force since ${LATER}`) as string,
    })
  })

  it('when bots do not apply it in time, then it pauses and names them', () => {
    const some = decideRollout(begun.state, { type: 'covered', reports: [report(4, 2)] }, AT_ITS_TIME)
    const { state, effects } = decideRollout(some.state, { type: 'due', timer: 'acknowledge' }, AT_ITS_TIME)
    expect([state.state, dataOf(effects, 'hms.rollout.paused.v1')]).toMatchObject(['paused', { reason: 'ACK_TIMEOUT' }])
  })

  it('when one release of a bundle is already in force, then its acknowledgements stay', () => {
    const [first] = held.state.members
    const members = [first!, { ...first!, policy: 'ozone', beginsAt: NOW.toISOString(), heldOnly: false }]
    const { state } = decideRollout({ ...held.state, members }, { type: 'due', timer: 'begin' }, AT_ITS_TIME)
    expect(state.members.map(({ acknowledged }) => acknowledged)).toEqual([0, 4])
  })

  it('when a freeze ends after the effective time, then it reports no time that has passed', () => {
    const ended: RolloutInput = { type: 'freezeChanged', stable: LIVE, frozen: null }
    const { state } = decideRollout(later({ ...FRESH, state: 'waiting' }), ended, AT_ITS_TIME)
    expect([state.state, state.members.map(({ beginsAt }) => beginsAt)]).toEqual(['publishing', [undefined]])
  })

  it('when the effective time comes before the bots acknowledge, then it does not hold', () => {
    const { state } = decideRollout(
      later(rollout('acknowledging', { acknowledged: 3 })),
      { type: 'covered', reports: [report(4, 4)] },
      AT_ITS_TIME,
    )
    expect(state.state).toBe('baking')
  })

  it('when a person pauses it, then that is too late, because readers switch by their own clocks', () => {
    const { state, effects } = when(held.state, decisionReceived('pause', 'rollout'))
    expect([state, effects]).toMatchObject([held.state, [{ do: 'answer', outcome: 'late', detail: 'the rollout is holding' }]])
  })

  it('when a person extends it, then the effective time stays, and the bake after it is longer', () => {
    const { state, effects } = when(held.state, decisionReceived('extend', 'rollout'))
    expect([state.state, kinds(effects)]).toEqual(['holding', ['answer']])
    const inForce = decideRollout(state, { type: 'due', timer: 'begin' }, AT_ITS_TIME)
    const live = decideRollout(inForce.state, { type: 'covered', reports: [report(4, 4)] }, AT_ITS_TIME)
    expect(live.effects).toContainEqual({ do: 'schedule', timer: 'bake', inMs: held.state.bakeMs + 600_000 })
  })

  it.each(['abort', 'supersede'] as const)(
    'when decision %s ends it before the effective time, then it is withdrawn from its readers',
    (how) => {
      for (const given of [held.state, later(rollout('publishing')), later(rollout('acknowledging')), later(rollout('paused'))]) {
        const { state, effects } = when(given, decisionReceived(how, 'rollout'))
        expect([state.state, kinds(effects)]).toEqual(['aborted', ['takeBack', 'cancel', 'answer']])
        expect(effects.at(-1)).toMatchObject({ outcome: 'applied' })
      }
    },
  )

  it('when a newer release would supersede it after the effective time, then that is too late, even before the timer is due', () => {
    const { state, effects } = decideRollout(held.state, decisionReceived('supersede', 'rollout'), AT_ITS_TIME)
    expect([state, effects]).toMatchObject([held.state, [{ do: 'answer', outcome: 'late', detail: 'the rollout is holding' }]])
  })

  it.each([
    ['since its heads were stored', undefined],
    ['since its own time', NOW.toISOString()],
  ])('when one release of a bundle is in force %s, then a newer release is too late for the whole bundle', (_since, beginsAt) => {
    const [first] = held.state.members
    const given = { ...held.state, members: [first!, { ...first!, policy: 'ozone', beginsAt }] }
    const { state, effects } = when(given, decisionReceived('supersede', 'rollout'))
    expect([state, effects]).toMatchObject([given, [{ do: 'answer', outcome: 'late' }]])
  })
})

describe('given a bake and a person', () => {
  const baking = rollout('baking', { bakeUntil: new Date(NOW.getTime() + 20_000).toISOString() })

  it('who extends it, then it bakes longer by that time', () => {
    const { state, effects } = when(baking, decisionReceived('extend', 'rollout'))
    expect(state.state).toBe('baking')
    expect(effects).toContainEqual({ do: 'schedule', timer: 'bake', inMs: 20_000 + 600_000 })
  })

  it('who pauses it, then it waits, and starts again once it is resumed', () => {
    const { state, effects } = when(baking, decisionReceived('pause', 'rollout'))
    expect([state.state, kinds(effects)]).toEqual(['paused', ['answer', 'cancel', 'hms.rollout.paused.v1']])
    expect(when(state, decisionReceived('resume', 'rollout')).state.state).toBe('publishing')
  })
})

describe('given issued stable heads', () => {
  it.each([rollout('publishing'), rollout('acknowledging'), rollout('baking'), rollout('paused'), rollout('completed')])(
    'when a newer release would supersede a rollout that is $state, then that is too late',
    (given) => {
      const { state, effects } = when(given, decisionReceived('supersede', 'canary'))
      expect([state, effects.length]).toEqual([given, 1])
      expect(effects[0]).toMatchObject({ do: 'answer', outcome: 'late', detail: `the rollout is ${given.state}` })
    },
  )
})

describe('every state with every input', () => {
  const states = {
    new: FRESH,
    waiting: { ...FRESH, state: 'waiting' as const, frozen: FREEZE },
    publishing: later(rollout('publishing', { of: 4, acknowledged: 0 })),
    acknowledging: later(rollout('acknowledging', { of: 4, acknowledged: 2 })),
    holding: later(rollout('holding')),
    baking: rollout('baking', { bakeUntil: NOW.toISOString() }),
    'baking, long counted': rollout('baking', { bakeUntil: NOW.toISOString(), countedSince: new Date(0).toISOString() }),
    'baking, too few acknowledged': rollout('baking', { acknowledged: 2, bakeUntil: NOW.toISOString(), countedSince: LATER }),
    paused: later(rollout('paused', { of: 4, acknowledged: 2 })),
    completed: rollout('completed'),
    failed: rollout('failed'),
    aborted: rollout('aborted'),
  }
  const heldEarly: RolloutInput = { type: 'covered', reports: [report(4, 4, 7, 'sha256:old')] }
  const supersededEarly: RolloutInput = decisionReceived('supersede', 'rollout')
  const inputs: Record<string, RolloutInput> = {
    opened: { type: 'opened', stable: LIVE, frozen: null },
    'opened, another version live': { type: 'opened', stable: {}, frozen: null },
    'opened during a freeze': { type: 'opened', stable: LIVE, frozen: FREEZE },
    'freeze ends': { type: 'freezeChanged', stable: LIVE, frozen: null },
    'freeze goes on': { type: 'freezeChanged', stable: LIVE, frozen: FREEZE },
    'heads stored, bots connected': { type: 'published', heads: [storedHead('global', 4)] },
    'heads stored, no bot connected': { type: 'published', heads: [storedHead('global', 0)] },
    'all bots acknowledged': { type: 'covered', reports: [report(4, 4)] },
    'some bots acknowledged': { type: 'covered', reports: [report(4, 3)] },
    'all bots hold it before its time': heldEarly,
    'unexplained alerts': { type: 'alarmed', attempt: 1, reason: 'UNEXPLAINED_ALERTS', detail: '2 unexplained alerts' },
    'rollback took over': { type: 'overtaken', policies: [POLICY] },
    ...commonInputs(ROLLOUT_TIMERS, 'rollout'),
    'newer release supersedes before its time': supersededEarly,
  }
  const transitions = transitionsOf(states, inputs, (state, input) => {
    return decideRollout(state, input, input === heldEarly || input === supersededEarly ? CONTEXT : AT_ITS_TIME)
  })

  it('has a sample of each state and of each input', () => {
    const allStates: Record<Rollout['state'], true> = {
      new: true,
      waiting: true,
      publishing: true,
      acknowledging: true,
      holding: true,
      baking: true,
      paused: true,
      completed: true,
      failed: true,
      aborted: true,
    }
    const allInputs: Record<RolloutInput['type'], true> = {
      opened: true,
      freezeChanged: true,
      published: true,
      covered: true,
      alarmed: true,
      overtaken: true,
      refused: true,
      due: true,
      ended: true,
      decisionReceived: true,
    }
    expect(unsampled({ states: allStates, inputs: allInputs }, states, inputs)).toEqual([])
  })

  it('has a defined result for each state and input, as docs/stages/rollout shows', async () => {
    await expect(describeStage('Rollout', transitions)).toMatchFileSnapshot('../../../../docs/stages/rollout.md')
    await expect(drawStage('Rollout', transitions, ['completed', 'failed', 'aborted'])).toMatchFileSnapshot(
      '../../../../docs/stages/rollout.svg',
    )
  })

  it('never leaves an end state', () => {
    for (const { state, next, effects } of transitions.filter((one) => ['completed', 'failed', 'aborted'].includes(one.state)))
      expect([next, effects.filter((effect) => effect !== 'answer late')]).toEqual([state, []])
  })
})

describe('given a bake that a person promotes', () => {
  const later = (ms: number): Date => new Date(NOW.getTime() + ms)
  const given: Rollout = { ...rollout('baking'), bakeSince: NOW.toISOString(), bakeUntil: later(180_000).toISOString() }
  const promote = (state: Rollout, leastBakeMs: number, ms = 60_000) =>
    decideRollout(state, decisionReceived('promote', 'rollout'), { ...CONTEXT, now: later(ms), leastBakeMs })

  it('when the roster sets no shortest bake, then it completes', () => {
    const { state, effects } = promote(given, 0)
    expect([state.state, kinds(effects)[0], kinds(effects).at(-1)]).toEqual(['completed', 'answer', 'hms.rollout.completed.v1'])
    expect(effects[0]).toMatchObject({ outcome: 'applied' })
    expect(state.acceptedBy).toBeUndefined()
  })

  it('when the roster requires a longer bake, then it ends as soon as the roster permits', () => {
    const { state, effects } = promote(given, 90_000)
    expect(state).toMatchObject({ state: 'baking', bakeSince: NOW.toISOString(), bakeUntil: later(90_000).toISOString() })
    expect(effects).toContainEqual({ do: 'schedule', timer: 'bake', inMs: 30_000 })
    expect(promote(given, 90_000, 90_000).state.state).toBe('completed')
  })

  it('when the roster requires all of it, or it is break-glass, then the bake continues and the response has the reason', () => {
    for (const [state, least, detail] of [
      [given, 180_000, `the roster requires a bake until at least ${given.bakeUntil}`],
      [{ ...given, breakGlass: true as const }, 0, 'the bake of a break-glass cannot be shortened'],
    ] as const) {
      const decision = promote(state, least)
      expect(decision.state).toBe(state)
      expect(decision.effects).toMatchObject([{ do: 'answer', outcome: 'late', detail }])
    }
  })

  it('when bots are silent, then it waits for them as after every bake', () => {
    const silent: Rollout = { ...given, members: rollout('baking', { of: 4, acknowledged: 1 }).members }
    expect(promote(silent, 0).state).toMatchObject({ state: 'acknowledging', baked: true })
  })

  it('when an earlier build began it, then its start is derived from the plan', () => {
    const { bakeSince: _since, ...earlier } = { ...given, bakeMs: 180_000 }
    expect(promote(earlier, 90_000).state).toMatchObject({ bakeUntil: later(90_000).toISOString() })
  })
})

describe('given a bake of a fleet that acknowledged', () => {
  const later = (seconds: number): RolloutContext => ({ ...CONTEXT, now: new Date(NOW.getTime() + seconds * 1_000) })
  const covered = (given: Rollout, expected: number, seconds: number): Rollout =>
    decideRollout(given, { type: 'covered', reports: [report(expected, 79)] }, later(seconds)).state
  const baking = covered(rollout('baking', { of: 79 }), 79, 0)

  it('when a silent bot joined two seconds before its end, then it completes, and counts that bot as silent', () => {
    const { state, effects } = decideRollout(covered(baking, 80, 58), { type: 'due', timer: 'bake' }, later(60))
    expect(state.state).toBe('completed')
    expect(dataOf(effects, 'hms.rollout.completed.v1')).toMatchObject({ summary: '79 of 80 bots acknowledged; 1 silent' })
  })

  it('when a silent bot joined longer ago than the timeout, then it waits for the bot, and pauses', () => {
    const waiting = decideRollout(covered(baking, 80, 20), { type: 'due', timer: 'bake' }, later(60))
    expect(waiting.state.state).toBe('acknowledging')
    const { state } = decideRollout(waiting.state, { type: 'due', timer: 'acknowledge' }, later(90))
    expect(state.state).toBe('paused')
  })
})

describe('given a recount after a long bake', () => {
  const SECOND = 1_000
  const ago = (seconds: number): string => new Date(NOW.getTime() - seconds * SECOND).toISOString()
  const baking = (of: number): Rollout =>
    when(rollout('baking', { of, countedSince: new Date(NOW.getTime() - COVERAGE_REPORT_MS - 1).toISOString() }), {
      type: 'due',
      timer: 'bake',
    }).state
  const coverage = (expected: number, acknowledged: number, joined?: string[]): RolloutInput => {
    const [whole] = report(expected, acknowledged).scopes
    const scopes = [{ ...whole!, silent: ['mute'], ...(joined === undefined ? {} : { joined }) }]
    return { type: 'covered', reports: [{ policy: POLICY, revision: 3, scopes }] }
  }

  it('when a silent bot joined just before the end of the bake, then it completes; when the bot joined earlier, it pauses', () => {
    const after = (...inputs: RolloutInput[]): string => when(baking(80), ...inputs, { type: 'due', timer: 'acknowledge' }).state.state
    expect(after(coverage(81, 80, [ago(2)]))).toBe('completed')
    expect(after(coverage(81, 80, [ago(31)]))).toBe('paused')
    // Reports of earlier builds lack the time at which a bot joined.
    expect(after(coverage(81, 80))).toBe('paused')
    // The fleet did not grow: the silent bot had disconnected and reconnected.
    expect(after(coverage(80, 79, [ago(2)]))).toBe('paused')
  })

  it('when any number of silent bots joined before its end, then only they are ignored, unless they are the majority', () => {
    const few = integer({ min: 0, max: 12 })
    assert(
      property(integer({ min: 1, max: 200 }), few, few, (fleet, late, early) => {
        const silentBefore = Math.min(early, fleet)
        const joined = Array.from({ length: late }, (_, index) => ago(index))
        const expected = fleet + late
        const acknowledged = fleet - silentBefore
        const { state } = when(baking(fleet), coverage(expected, acknowledged, joined), { type: 'due', timer: 'acknowledge' })
        const counted = 2 * late <= expected ? fleet : expected
        expect(state.state).toBe(acknowledged * 10_000 >= counted * 9_900 ? 'completed' : 'paused')
      }),
    )
  })
})
