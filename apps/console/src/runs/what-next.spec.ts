import { describe, expect, it } from 'vitest'
import { STAGES, type RunStage, type RunView } from '#libs/contracts'
import { aRun } from '../testing/shown.js'
import { whatNext } from './what-next.js'

/** As runs show them: a stage begins when the one before has passed, and what ends a run from outside fails the stage it was in. */
function failed(at: RunStage['stage'], reason: string, more: Partial<RunView> = {}): RunView {
  const stages = STAGES.map((stage, index): RunStage => {
    const order = index - STAGES.indexOf(at)
    const verdict = order < 0 ? 'PASS' : order === 0 ? 'FAIL' : 'PENDING'
    return { stage, verdict, detail: '', startedAt: order > 0 ? null : '2026-11-26T11:00:00Z', endedAt: null }
  })
  return aRun({ state: 'FAILED', reason, stages, ...more })
}

const UNPUBLISHED = 'It ended before anything was published. The rule in force did not change.'
const TAKEN_BACK = 'It ended on its way. What it had published by then, if anything, was rolled back; the rule before is in force.'
const IN_FORCE = 'The rule is in force for all. It ended after that: partners may not have been notified.'

describe('what a run that failed means for the rule in force', () => {
  it.each([
    ['lint', 'LINT_ERRORS', UNPUBLISHED],
    ['simulate', 'BELOW_THRESHOLD', UNPUBLISHED],
    ['simulate', 'STAGE_TIMED_OUT', UNPUBLISHED],
    ['canary', 'STAGE_TIMED_OUT', TAKEN_BACK],
    ['canary', 'POISONED', TAKEN_BACK],
    ['rollout', 'STAGE_TIMED_OUT', TAKEN_BACK],
    ['notify', 'STAGE_TIMED_OUT', IN_FORCE],
    ['notify', 'POISONED', IN_FORCE],
  ] as const)('at %s by %s', (stage, reason, text) => {
    expect(whatNext(failed(stage, reason))).toBe(text)
  })

  it.each([
    ['LIVE_MOVED', UNPUBLISHED],
    ['STAGE_TIMED_OUT', TAKEN_BACK],
  ])('of a signed rollback, which has a rollout alone, by %s', (reason, text) => {
    const [rollout] = failed('rollout', reason).stages.filter(({ stage }) => stage === 'rollout')
    expect(whatNext(failed('rollout', reason, { stages: [rollout!] }))).toBe(text)
  })

  it('of break-glass, which skips the canary, where its rollout was refused', () => {
    const stages = failed('rollout', 'NOT_APPROVED').stages.map((stage): RunStage => {
      return stage.stage === 'canary' || stage.stage === 'simulate' ? { ...stage, verdict: 'SKIPPED', startedAt: null } : stage
    })
    expect(whatNext(failed('rollout', 'NOT_APPROVED', { stages }))).toBe(UNPUBLISHED)
  })
})

describe('the next step of a run that succeeded', () => {
  const clock = {
    bots: 3,
    current: 3,
    partners: 2,
    told: 2,
    toldInTime: 2,
    acknowledged: 0,
    seconds: { half: 1, most: 1, all: 1, partners: 2 },
  }
  const succeeded = (more: Partial<RunView>): string => whatNext(aRun({ state: 'SUCCEEDED', clock, ...more }))
  const [policy] = aRun({}).policies

  it.each<[string, Partial<RunView>, string]>([
    ['where all partners were notified', {}, 'The rule is in force. All its partners were notified.'],
    ['where some were notified', { clock: { ...clock, told: 1 } }, 'The rule is in force. 1 of 2 partners were notified.'],
    ['where it has no partners', { clock: { ...clock, partners: 0, told: 0 } }, 'The rule is in force. It had no partner to notify.'],
    [
      'where it was rolled back',
      { replaced: [{ id: policy!.id, now: '1.5.0', takenBackAt: '2026-11-29T12:00:00Z' }] },
      `Its rule came into force. Since then: ${policy!.id}@${policy!.version} was taken back at 2026-11-29 12:00:00 UTC: ` +
        '1.5.0 is in force. ' +
        'All its partners were notified.',
    ],
    [
      'where another version replaced it',
      { replaced: [{ id: policy!.id, now: '3.0.0' }] },
      `Its rule came into force. Since then: ${policy!.id}@${policy!.version} is no longer in force: 3.0.0 is in force. ` +
        'All its partners were notified.',
    ],
  ])('%s', (_what, more, text) => expect(succeeded(more)).toBe(text))

  it('of an abort whether anything was published', () => {
    const waiting = failed('lint', 'MANUAL').stages.map((stage): RunStage => ({ ...stage, verdict: 'PENDING', startedAt: null }))
    expect(whatNext(aRun({ state: 'ABORTED', reason: 'DECIDED', stages: waiting }))).toContain('Nothing was published.')
    expect(whatNext(aRun({ state: 'ABORTED', reason: 'EXPIRED', stages: waiting }))).toBe(
      'Not enough people signed in time. Nothing was published.',
    )
  })
})

it('is one sentence about a run whose place a newer release takes', () => {
  const superseded = aRun({ state: 'SUPERSEDED', reason: 'NEWER_RELEASE', detail: 'by run #8: pm25@3.1.0 takes its place' })
  expect(whatNext(superseded)).toBe('It was superseded by run #8: pm25@3.1.0 takes its place.')
})
