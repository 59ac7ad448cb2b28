import { describe, expect, it } from 'vitest'
import type { RunStage, RunView, StageName, StageVerdict } from '#libs/contracts'
import {
  answerTicket,
  escalate,
  expireTicket,
  LADDER_MS,
  nextStep,
  openTicket,
  ticketKindOf,
  withoutDelivered,
  settleTicket,
} from './ticket.js'

const NOW = new Date('2026-01-01T00:00:00.000Z')
const after = (ms: number): Date => new Date(NOW.getTime() + ms)

function view(state: RunView['state'], reason?: string, verdicts: Partial<Record<StageName, StageVerdict>> = {}): RunView {
  const stages = Object.entries(verdicts).map(([stage, verdict]) => ({ stage, verdict, detail: `${stage} says so` }) as RunStage)
  const policies = [{ id: 'pm25', version: '2.0.0', digest: 'sha256:1' }]
  const more = reason === undefined ? {} : { reason }
  return { run: 7, digest: 'sha256:2', state, attempt: 1, policies, stages, decisions: [], createdAt: '', endedAt: null, ...more }
}
const decided = (
  run: RunView,
  decision: 'resume' | 'abort' | 'supersede',
  outcome: 'applied' | 'late' | 'pending',
  at = after(1),
): RunView => ({
  ...run,
  decisions: [{ id: 'sha256:3', decision, by: 'EPA Chief', reason: 'known', at: at.toISOString(), outcome }],
})
const paused = view('PAUSED', 'NO_EVIDENCE', { canary: 'INCONCLUSIVE' })
const ticket = openTicket(1, 'INCONCLUSIVE', paused, NOW, 3_600_000)

describe('questionOf a run', () => {
  it.each([
    ['paused for lack of evidence', paused, 'INCONCLUSIVE'],
    ['paused by silent bots', view('PAUSED', 'ACK_TIMEOUT', { rollout: 'INCONCLUSIVE' }), 'ACK_TIMEOUT'],
    ['paused by a person', view('PAUSED', 'MANUAL', { canary: 'INCONCLUSIVE' }), undefined],
    ['rolled back by its canary', view('ROLLED_BACK', 'UNEXPLAINED_ALERTS', { canary: 'FAIL' }), 'EMERGENCY_REVIEW'],
    ['rolled back by its rollout', view('ROLLED_BACK', 'PUBLISH_TIMEOUT', { rollout: 'FAIL' }), 'EMERGENCY_REVIEW'],
    ['poisoned', view('FAILED', 'POISONED'), 'POISONED'],
    ['failed by lint', view('FAILED', 'LINT_ERRORS', { lint: 'FAIL' }), undefined],
    ['in progress', view('CANARY'), undefined],
  ])('%s', (_what, run, kind) => expect(ticketKindOf(run)).toBe(kind))

  it('permits exactly the decisions that the stage can apply', () => {
    expect(ticket.allowed).toEqual(['promote', 'resume', 'extend', 'retry', 'abort'])
    expect(openTicket(1, 'ACK_TIMEOUT', view('PAUSED', 'ACK_TIMEOUT', { rollout: 'INCONCLUSIVE' }), NOW, 1).allowed).not.toContain('extend')
    expect(openTicket(1, 'INCONCLUSIVE', view('PAUSED', 'NO_CORPUS', { simulate: 'INCONCLUSIVE' }), NOW, 1).allowed).toEqual([
      'retry',
      'abort',
    ])
    expect(openTicket(1, 'EMERGENCY_REVIEW', view('ROLLED_BACK', 'X', { canary: 'FAIL' }), NOW, 1).allowed).toEqual(['accept'])
    for (const stage of ['simulate', 'rollout'])
      expect(openTicket(1, 'POISONED', view('FAILED', 'POISONED', { [stage]: 'INCONCLUSIVE' }), NOW, 1).allowed).toEqual(['accept'])
  })
})

describe('the ladder', () => {
  it('notifies on-call immediately, second after five minutes, director after fifteen, and then stops', () => {
    expect(ticket.told).toEqual([{ to: 'on-call', at: NOW.toISOString() }])
    expect(nextStep(ticket)).toEqual({ to: 'second', at: after(5 * 60_000) })
    expect(escalate(ticket, after(LADDER_MS.second - 1))).toBe(ticket)
    const second = escalate(ticket, after(LADDER_MS.second))
    expect(second.told.map(({ to }) => to)).toEqual(['on-call', 'second'])
    expect(nextStep(escalate(second, after(LADDER_MS.director)))).toBeUndefined()
  })

  it('notifies all due groups after an outage, and none for a closed ticket', () => {
    expect(escalate(ticket, after(3_600_000)).told.map(({ to }) => to)).toEqual(['on-call', 'second', 'director'])
    expect(nextStep(expireTicket(ticket, NOW))).toBeUndefined()
  })
})

describe('a ticket', () => {
  const answer = { decision: 'accept', by: 'EPA Chief', reason: 'known', at: NOW.toISOString() }

  it('ends with its first decision: later decisions, expiry and the run do not change it', () => {
    const closed = answerTicket(ticket, answer, NOW)
    expect(closed).toMatchObject({ state: 'DECIDED', decided: answer })
    expect(answerTicket(closed, { ...answer, by: 'EPA Counsel' }, NOW)).toBe(closed)
    expect(expireTicket(closed, NOW)).toBe(closed)
    expect(settleTicket(closed, view('ABORTED', 'PAUSE_EXPIRED'), NOW)).toBe(closed)
    expect(answerTicket(expireTicket(ticket, NOW), answer, NOW).state).toBe('EXPIRED')
  })

  it('ends with the decision that was applied to its run', () => {
    expect(settleTicket(ticket, decided(view('CANARY'), 'resume', 'applied'), after(2))).toMatchObject({
      state: 'DECIDED',
      decided: { decision: 'resume', by: 'EPA Chief', reason: 'known' },
    })
  })

  it('ends without a decision when the last message is delivered', () => {
    const cause = { reason: 'PARTNER_NOT_REACHED', detail: '', unreached: ['run_7_va', 'run_7_md'] }
    const opened = openTicket(1, 'UNDELIVERED', view('SUCCEEDED'), NOW, 1, cause)
    const delivered = (message: string, channel = 'webhook') => ({ message, channel, isAcknowledged: false })
    expect(withoutDelivered(opened, delivered('run_7_wv'), NOW)).toBe(opened)
    const half = withoutDelivered(opened, delivered('run_7_va'), NOW)
    expect(half).toMatchObject({ state: 'OPEN', unreached: ['run_7_md'] })
    expect(withoutDelivered(half, delivered('run_7_va'), NOW)).toBe(half)
    const over = { state: 'MOOT', unreached: [], closedAt: after(5).toISOString() }
    expect(withoutDelivered(half, delivered('run_7_md'), after(5))).toMatchObject(over)
    const toPeople = delivered('run_7_md', 'contact')
    expect(withoutDelivered(half, toPeople, after(5))).toBe(half)
    expect(withoutDelivered(half, { ...toPeople, isAcknowledged: true }, after(5))).toMatchObject(over)
    expect(withoutDelivered({ ...opened, unreached: undefined }, delivered('run_7_va'), NOW).state).toBe('OPEN')
    expect(withoutDelivered(expireTicket(half, NOW), delivered('run_7_md'), NOW).state).toBe('EXPIRED')
  })

  it('expires when the pause of its run expires', () => {
    expect(settleTicket(ticket, view('ABORTED', 'PAUSE_EXPIRED'), NOW).state).toBe('EXPIRED')
  })

  it.each([
    ['a rollback of the policy', view('ABORTED', 'ROLLED_BACK')],
    ['a late decision', decided(view('ROLLED_BACK', 'UNEXPLAINED_ALERTS'), 'resume', 'late')],
    ['a newer release', decided(view('SUPERSEDED', 'NEWER_RELEASE'), 'supersede', 'applied', after(1))],
    ['an earlier decision', decided(view('ROLLED_BACK', 'UNEXPLAINED_ALERTS'), 'resume', 'applied', after(-1))],
  ])('is moot after %s', (_what, run) => expect(settleTicket(ticket, run, NOW)).toMatchObject({ state: 'MOOT', decided: null }))
})
