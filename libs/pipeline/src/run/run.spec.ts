import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeClock, isTerminal, STAGES, type EventData, type Reach, type RunDecision, type RunState } from '#libs/contracts'
import { acceptDecision, pendingDecision } from './decisions.js'
import { endEarly, evolveRun, isOfOlderAttempt, type RunEvent } from './evolve-run.js'
import { timeoutFor } from './run-deadline.js'
import { isSupersedable, projectRun, stateOf, timedWait } from './project-run.js'
import { newRun, type RunFacts } from './run-facts.js'

const AT = '2026-01-01T00:00:00.000Z'
const started: RunFacts = { ...newRun(7, [{ id: 'pm25', version: '1.0.0', digest: 'sha256:' }], AT), approvedAt: AT, startedAt: AT }

const at = (second: number): string => new Date(Date.parse(AT) + second * 1_000).toISOString()
const REACH: Reach = { bots: 4, current: 2, halfAt: at(6), mostAt: null, allAt: null }

/** Event of a stage; `data` contains only the members that the run reads. */
function stageEvent<T extends RunEvent['type']>(type: T, data: Partial<EventData[T]> = {}, second = 1, attempt = 1): RunEvent {
  return { type, data, attempt, time: at(second) } as unknown as RunEvent
}

const PASSING = [
  stageEvent('hms.lint.passed.v1', { findings: [] }, 1),
  stageEvent('hms.simulation.started.v1', {}, 2),
  stageEvent('hms.simulation.passed.v1', { summary: '' }, 3),
  stageEvent('hms.canary.started.v1', { label: '', detail: '' }, 4),
  stageEvent('hms.canary.passed.v1', { summary: '', label: '' }, 5),
  stageEvent('hms.rollout.started.v1', { detail: '' }, 6),
  stageEvent('hms.rollout.bake-started.v1', { detail: '', reach: REACH }, 7),
  stageEvent('hms.rollout.completed.v1', { summary: '', reach: { ...REACH, current: 4, allAt: at(8) } }, 8),
  stageEvent('hms.notification.started.v1', { partners: ['a', 'b'] }, 9),
  stageEvent('hms.notification.completed.v1', { summary: '2 sent', sent: 2 }, 10),
]
const ENDING = [
  stageEvent('hms.lint.failed.v1', { reason: 'LINT_ERRORS', detail: '', findings: [] }),
  stageEvent('hms.canary.failed.v1', { reason: 'UNEXPLAINED_ALERTS', detail: '', label: '' }),
  stageEvent('hms.canary.paused.v1', { reason: 'NO_EVIDENCE', detail: '', label: '' }),
  stageEvent('hms.rollout.failed.v1', { reason: 'LIVE_MOVED', detail: '' }),
  stageEvent('hms.run.poisoned.v1', { reason: 'POISONED', detail: '' }),
]

describe('a run', () => {
  it('has the same state and view for any order of events', () => {
    const inOrder = PASSING.reduce(evolveRun, started)
    expect(stateOf(inOrder)).toBe('SUCCEEDED')
    fc.assert(
      fc.property(fc.shuffledSubarray(PASSING, { minLength: PASSING.length }), (shuffled) => {
        const { endedAt: _endedAt, ...view } = projectRun(shuffled.reduce(evolveRun, started))
        const { endedAt: _other, ...expected } = projectRun(inOrder)
        expect(view).toEqual(expected)
      }),
    )
  })

  it('does not end before the verdict of its rollout, even if partners are notified', () => {
    const [completed, ...others] = [PASSING.at(-3)!, ...PASSING.filter((_event, index) => index !== PASSING.length - 3)]
    const notified = others.reduce(evolveRun, started)
    expect([stateOf(notified), projectRun(notified).endedAt]).toEqual(['BAKING', null])
    expect(stateOf(evolveRun(notified, completed))).toBe('SUCCEEDED')
  })

  it('measures the time from the first signature until the last bot and the last partner have the release', () => {
    const clocks = PASSING.map((_event, index) => projectRun(PASSING.slice(0, index + 1).reduce(evolveRun, started)).clock)
    expect(clocks.slice(0, 6)).toEqual(Array.from({ length: 6 }))
    expect(clocks[6]).toEqual({
      bots: 4,
      current: 2,
      partners: 0,
      told: 0,
      toldInTime: 0,
      acknowledged: 0,
      seconds: { half: 6, most: null, all: null, partners: null },
    })
    expect(clocks.at(-1)).toEqual({
      bots: 4,
      current: 4,
      partners: 2,
      told: 2,
      toldInTime: 2,
      acknowledged: 0,
      seconds: { half: 6, most: null, all: 8, partners: 10 },
    })
  })

  it('counts received releases before the effective time, and partners when they were notified', () => {
    const effectiveAt = at(60)
    const held = stageEvent(
      'hms.rollout.held.v1',
      { until: effectiveAt, detail: '', reach: { ...REACH, current: 4, mostAt: at(6), allAt: at(6) } },
      6,
    )
    const ahead = (sent: number, second: number) =>
      stageEvent('hms.notification.progressed.v1', { sent, acknowledged: 0, partners: 2 }, second)
    const waiting = [...PASSING.slice(0, 6), held, ahead(0, 6), ahead(2, 11)].reduce(evolveRun, started)
    const clock = { effectiveAt, partners: 2, told: 2, seconds: { all: 6, partners: 11 } }
    expect(projectRun(waiting)).toMatchObject({ state: 'WAITING', clock })
    const reach = { ...REACH, current: 4, mostAt: at(6), allAt: at(6) }
    const behind = [
      stageEvent('hms.rollout.took-effect.v1', { detail: '' }, 60),
      stageEvent('hms.rollout.bake-started.v1', { detail: '', until: at(61), reach }, 60),
      stageEvent('hms.rollout.completed.v1', { summary: '', reach }, 61),
      stageEvent('hms.notification.started.v1', { partners: ['a', 'b'] }, 62),
      stageEvent('hms.notification.completed.v1', { summary: '2 sent', sent: 2 }, 62),
    ].reduce(evolveRun, waiting)
    expect(projectRun(behind)).toMatchObject({ state: 'SUCCEEDED', clock })
    const text = describeClock(projectRun(behind).clock!)
    expect(text).toBe(`Held: 4 of 4 bots after 6 s, in force from ${effectiveAt}; 2 of 2 partners told after 11 s`)
  })

  it('has no clock after a rollback, and no time for partners until all are notified', () => {
    const failed = [...PASSING.slice(0, 7), stageEvent('hms.rollout.failed.v1', { reason: 'UNEXPLAINED_ALERTS', detail: '' }, 8)]
    expect(projectRun(failed.reduce(evolveRun, started)).clock).toBeUndefined()
    const retrying = [...PASSING.slice(0, 9), stageEvent('hms.notification.completed.v1', { summary: '1 sent, 1 retrying', sent: 1 }, 10)]
    expect(projectRun(retrying.reduce(evolveRun, started)).clock).toMatchObject({ told: 1, seconds: { partners: null } })
  })

  it('counts partners that are notified or acknowledge after its end, and those notified within 30 minutes', () => {
    const progressed = (sent: number, acknowledged: number, second: number) =>
      stageEvent('hms.notification.progressed.v1', { sent, acknowledged }, second)
    const completed = stageEvent('hms.notification.completed.v1', { summary: '0 sent, 2 retrying', sent: 0 }, 10)
    const events = [...PASSING.slice(0, 9), completed, progressed(1, 0, 900), progressed(2, 1, 2_400)]
    const { clock, state, endedAt } = projectRun(events.reduce(evolveRun, started))
    expect(clock).toMatchObject({ told: 2, toldInTime: 1, acknowledged: 1, seconds: { partners: 2_400 } })
    expect([state, endedAt]).toEqual(['SUCCEEDED', completed.time])
    const [first, second] = [progressed(1, 0, 900), progressed(2, 1, 2_400)]
    const turned = [...PASSING.slice(0, 9), second, first, completed]
    expect(projectRun(turned.reduce(evolveRun, started)).clock).toEqual(clock)
  })

  it('ends once: later events do not change its state, reason or end time', () => {
    const anything = fc.array(fc.constantFrom(...PASSING, ...ENDING), { maxLength: 20 })
    fc.assert(
      fc.property(anything, fc.option(fc.nat(19), { nil: undefined }), (events, abortAt) => {
        let facts = started
        let end: { state: RunState; reason?: string; endedAt: string | null } | undefined
        for (const [index, event] of events.entries()) {
          if (index === abortAt) facts = endEarly(facts, { state: 'ABORTED', reason: 'ROLLED_BACK', detail: '', at: AT })
          facts = evolveRun(facts, event)
          const { state, reason, endedAt } = projectRun(facts)
          if (end !== undefined) expect({ state, reason, endedAt }).toEqual(end)
          else if (isTerminal(state)) end = { state, reason, endedAt }
        }
      }),
    )
  })

  it('shows the fault that ended it at the stage in which it ended', () => {
    const facts = [
      PASSING[0]!,
      stageEvent('hms.run.poisoned.v1', { reason: 'POISONED', detail: 'simulator could not handle it' }, 2),
    ].reduce(evolveRun, started)
    const { state, reason, stages } = projectRun(facts)
    expect({ state, reason }).toEqual({ state: 'FAILED', reason: 'POISONED' })
    expect(stages.map(({ verdict, detail }) => [verdict, detail])).toEqual([
      ['PASS', ''],
      ['FAIL', 'simulator could not handle it'],
      ['PENDING', ''],
      ['PENDING', ''],
      ['PENDING', ''],
    ])
  })

  it('waits for the effective time, and its deadline is counted from that time', () => {
    const timeouts = { stageMs: 900_000, checkMs: 600_000, pauseMs: 3 }
    const until = '2026-01-05T00:00:00.000Z'
    const held = stageEvent('hms.rollout.held.v1', { until, detail: 'held' }, 7)
    const waiting = [...PASSING.slice(0, 6), held].reduce(evolveRun, started)
    expect([projectRun(waiting), timedWait(waiting)]).toMatchObject([
      { state: 'WAITING', reason: 'EFFECTIVE_AT' },
      { stage: 'rollout', until },
    ])
    const waits = { observeMs: 10, bakeMs: 20 }
    expect(timeoutFor('WAITING', waits, timeouts, 86_400_000)).toBe(87_300_000)
    expect(timeoutFor('WAITING', waits, timeouts, -1)).toBe(900_000)
    expect(timeoutFor('WAITING', waits, timeouts)).toBe(600_000)
    const begun = evolveRun(waiting, stageEvent('hms.rollout.took-effect.v1', { detail: '' }, 8))
    expect([stateOf(begun), timedWait(begun)]).toEqual(['ROLLING_OUT', undefined])
    expect(stateOf(PASSING.slice(6).reduce(evolveRun, waiting))).toBe('SUCCEEDED')
  })

  it('has a deadline after the end of its observation or bake, even if people extend it', () => {
    const timeouts = { stageMs: 900_000, checkMs: 600_000, pauseMs: 3 }
    const waits = { observeMs: 10, bakeMs: 20 }
    const until = '2026-01-05T00:00:00.000Z'
    const observing = evolveRun(
      { ...started, stages: { lint: { verdict: 'PASS' }, simulate: { verdict: 'PASS' } } },
      stageEvent('hms.canary.observation-started.v1', { until, detail: '' }),
    )
    expect(projectRun(observing)).toMatchObject({ state: 'CANARY', continuesAt: until })
    expect(projectRun(evolveRun(observing, stageEvent('hms.canary.paused.v1', { reason: 'TEST', detail: '' }, 9)))).not.toHaveProperty(
      'continuesAt',
    )
    const baking = evolveRun(
      evolveRun(observing, stageEvent('hms.canary.passed.v1', { summary: '', label: '' })),
      stageEvent('hms.rollout.bake-started.v1', { until, detail: '' }),
    )
    expect(projectRun(baking)).toMatchObject({ state: 'BAKING', continuesAt: until })
    for (const state of ['CANARY', 'BAKING'] as const) {
      expect(timeoutFor(state, waits, timeouts, 3_600_000)).toBe(4_500_000)
      expect(timeoutFor(state, waits, timeouts, -1)).toBeLessThan(900_100)
    }
  })

  it('that is a rollback has only a rollout stage, and is FAILED if that stage fails', () => {
    const rollback: RunFacts = { ...started, isRollback: true }
    expect(stateOf(rollback)).toBe('ROLLING_OUT')
    const from = { version: '3.0.0', digest: '' }
    const reversed = stageEvent('hms.rollout.reversed.v1', { from, to: null, reason: 'EPA Chief: drill' }, 2)
    const { state, stages } = projectRun(evolveRun(rollback, reversed))
    expect(state).toBe('SUCCEEDED')
    expect(stages.map(({ stage, verdict, startedAt, detail }) => [stage, verdict, startedAt, detail])).toEqual([
      ['rollout', 'PASS', AT, 'from 3.0.0 to nothing: EPA Chief: drill'],
    ])
    expect(stateOf(evolveRun(rollback, stageEvent('hms.rollout.failed.v1', { reason: 'LIVE_MOVED', detail: '' })))).toBe('FAILED')
    expect(evolveRun(started, reversed)).toBe(started)
  })

  it('by break-glass goes from lint to rollout, shows skipped stages, and is never superseded', () => {
    const review = { ticket: 3, dueAt: AT, state: 'OPEN' as const }
    const given: RunFacts = { ...started, approvedAt: AT, breakGlass: { reason: 'wrong sensor', by: ['EPA Chief', 'EPA Counsel'], review } }
    const linted = evolveRun(given, stageEvent('hms.lint.passed.v1', { findings: [] }, 2))
    const { state, stages, breakGlass } = projectRun(linted)
    expect([state, breakGlass]).toEqual(['ROLLING_OUT', given.breakGlass])
    expect(stages.map(({ verdict, detail }) => [verdict, detail])).toEqual([
      ['PASS', ''],
      ['SKIPPED', 'break-glass'],
      ['SKIPPED', 'break-glass'],
      ['RUNNING', ''],
      ['PENDING', ''],
    ])
    expect([isSupersedable(given, true), isSupersedable({ ...given, breakGlass: undefined }, true)]).toEqual([false, true])
    for (const [reason, end] of [
      ['NOT_APPROVED', 'FAILED'],
      ['PUBLISH_TIMEOUT', 'ROLLED_BACK'],
    ])
      expect(stateOf(evolveRun(linted, stageEvent('hms.rollout.failed.v1', { reason, detail: '' }, 3)))).toBe(end)
  })

  it('ignores events of an older attempt', () => {
    const retried = { ...started, attempt: 2 }
    const old = stageEvent('hms.canary.failed.v1', { reason: 'UNEXPLAINED_ALERTS', detail: '', label: '' }, 1, 1)
    expect(isOfOlderAttempt(retried, old)).toBe(true)
    expect(evolveRun(retried, old)).toBe(retried)
    expect(stateOf(evolveRun(retried, { ...old, attempt: 2 }))).toBe('ROLLED_BACK')
  })

  it('has a deadline in every state that it can leave', () => {
    const timeouts = { stageMs: 1, checkMs: 2, pauseMs: 3 }
    const open: RunState[] = [
      'AWAITING_APPROVAL',
      'QUEUED',
      'LINTING',
      'SIMULATING',
      'CANARY',
      'ROLLING_OUT',
      'BAKING',
      'NOTIFYING',
      'PAUSED',
    ]
    for (const state of open) expect(timeoutFor(state, { observeMs: 10, bakeMs: 20 }, timeouts), state).toBeGreaterThan(0)
    expect(timeoutFor('CANARY', { observeMs: 10, bakeMs: 20 }, timeouts)).toBe(11)
    expect(timeoutFor('SUCCEEDED', { observeMs: 10, bakeMs: 20 }, timeouts)).toBeUndefined()
    expect(STAGES).toHaveLength(5)
  })

  it('ends SUPERSEDED once the stage has applied the decision, closes other pending decisions, and names its successor', () => {
    const common = { by: 'x', reason: 'pm25@2.0.0 takes its place', at: AT, outcome: 'pending' } as const
    const decided = [
      { ...common, id: 'sha256:1', decision: 'resume' as const },
      { ...common, id: 'sha256:2', decision: 'supersede' as const, successor: 8 },
    ].reduce(acceptDecision, { ...started, stages: { canary: { verdict: 'INCONCLUSIVE' as const } } })
    const facts = evolveRun(decided, stageEvent('hms.run.decision-applied.v1', { id: 'sha256:2', stage: 'canary', detail: '' }))
    const { state, reason, supersededBy, decisions } = projectRun(facts)
    expect([state, reason, supersededBy]).toEqual(['SUPERSEDED', 'NEWER_RELEASE', 8])
    expect(decisions.map(({ outcome }) => outcome)).toEqual(['late', 'applied'])
  })

  it('starts a new attempt without facts once the stage has applied a retry', () => {
    const decision = { id: 'sha256:1', decision: 'retry', by: 'x', reason: '', at: AT, outcome: 'pending' } as const
    const paused = acceptDecision({ ...started, stages: { lint: { verdict: 'PASS' }, canary: { verdict: 'INCONCLUSIVE' } } }, decision)
    const facts = evolveRun(paused, stageEvent('hms.run.decision-applied.v1', { id: 'sha256:1', stage: 'canary', detail: '' }))
    expect(facts).toMatchObject({ attempt: 2, stages: {}, decisions: [{ outcome: 'applied' }] })
    expect(stateOf(facts)).toBe('QUEUED')
    expect(evolveRun(facts, stageEvent('hms.canary.passed.v1', { summary: '', label: '' }))).toBe(facts)
  })

  it('accepts only an abort while a decision that does not end it is pending', () => {
    const common = { by: 'x', reason: '', at: AT, outcome: 'pending' } as const
    const decided = (decision: RunDecision['decision']): RunFacts => acceptDecision(started, { ...common, id: decision, decision })
    const paused = decided('pause')
    expect([pendingDecision(paused, 'abort'), pendingDecision(paused, 'resume')?.id]).toEqual([undefined, 'pause'])
    for (const end of ['abort', 'supersede'] as const) expect(pendingDecision(decided(end), 'abort')?.id).toBe(end)
  })

  it('ends by a pending abort when the stage applies a retry', () => {
    const common = { by: 'x', reason: 'enough', at: AT, outcome: 'pending' } as const
    const decided = [
      { ...common, id: 'sha256:1', decision: 'retry' as const },
      { ...common, id: 'sha256:2', decision: 'abort' as const },
    ].reduce(acceptDecision, { ...started, stages: { canary: { verdict: 'INCONCLUSIVE' as const } } })
    const facts = evolveRun(decided, stageEvent('hms.run.decision-applied.v1', { id: 'sha256:1', stage: 'canary', detail: '' }))
    const { state, reason, detail, decisions, endedAt } = projectRun(facts)
    expect([state, reason, detail, endedAt]).toEqual(['ABORTED', 'DECIDED', 'x: enough', at(1)])
    expect(decisions.map(({ outcome }) => outcome)).toEqual(['applied', 'applied'])
  })

  it('waits for its region, reports that, and continues when its canary starts', () => {
    const delayed = { run: 184, attempt: 1, label: '', detail: 'waits for run #183, which occupies NCR until its bake ends', behind: 183 }
    const waiting = evolveRun(
      { ...started, stages: { lint: { verdict: 'PASS' }, simulate: { verdict: 'PASS' } } },
      stageEvent('hms.canary.delayed.v1', delayed),
    )
    expect(projectRun(waiting)).toMatchObject({ state: 'WAITING', reason: 'REGION_BUSY' })
    expect(stateOf(evolveRun(waiting, stageEvent('hms.canary.started.v1', { label: '', detail: '' })))).toBe('CANARY')
  })

  it('can be superseded until its canary has passed, while its rollout waits for a freeze, and before its effective time', () => {
    const at = (stages: RunFacts['stages'], isAhead = false): boolean => isSupersedable({ ...started, stages }, isAhead)
    expect([at({}), at({ canary: { verdict: 'INCONCLUSIVE' } })]).toEqual([true, true])
    const passed = { canary: { verdict: 'PASS' as const } }
    expect([at(passed), at({ ...passed, rollout: { waits: 'FREEZE' } }), at({ ...passed, rollout: { waits: null } })]).toEqual([
      false,
      true,
      false,
    ])
    const held = { ...passed, rollout: { waits: 'EFFECTIVE_AT' as const } }
    expect([at(passed, true), at(held, true), at(held)]).toEqual([true, true, false])
    expect(isSupersedable({ ...started, approvedAt: undefined }, true)).toBe(false)
  })
})
