import { describe, expect, it } from 'vitest'
import type { AuditAct } from './api/registries.js'
import { entrySentence, isByPeople } from './audit-words.js'

const sentence = (type: string, act: Partial<AuditAct> & { decision: string }, key = 'epa-pm25-limit') =>
  entrySentence({ type, key, run: 7, acts: [{ by: ['EPA Chief'], reason: 'drill 4711', statements: [], ...act }] })
const of = (version: string | null) => ({ policies: [{ id: 'epa-pm25-limit', version }] })

describe('the sentence of an entry', () => {
  it.each([
    ['hms.rollout.reversed.v1', { decision: 'rollback', ...of('1.5.0') }, 'took epa-pm25-limit back to 1.5.0: drill 4711'],
    ['hms.rollout.reversed.v1', { decision: 'rollback', ...of(null) }, 'took epa-pm25-limit out of force: drill 4711'],
    // Responses of an earlier build have no policies.
    ['hms.rollout.reversed.v1', { decision: 'rollback' }, 'took epa-pm25-limit back: drill 4711'],
    ['hms.rollout.withdrawn.v1', { decision: 'withdraw' }, 'took epa-pm25-limit out of force: drill 4711'],
    ['hms.approval.approved.v1', { decision: 'sign', reason: null, ...of('2.0.0') }, 'approved epa-pm25-limit@2.0.0'],
    ['hms.token.revoked.v1', { decision: 'revoke', reason: null }, 'revoked token epa-pm25-limit'],
    ['hms.delivery.redriven.v1', { decision: 'redrive', reason: null }, 'sent a delivery to epa-pm25-limit again'],
    ['hms.rollout.promoted.v1', { decision: 'approve', reason: null, ...of('2.0.0') }, 'put epa-pm25-limit@2.0.0 in force'],
    [
      'hms.rollout.promoted.v1',
      { decision: 'break-glass', ...of('2.0.0') },
      'put epa-pm25-limit@2.0.0 in force by break-glass: drill 4711',
    ],
    [
      'hms.rollout.promoted.v1',
      {
        decision: 'approve',
        reason: null,
        policies: [
          { id: 'a', version: '1.0.0' },
          { id: 'b', version: '2.0.0', from: 'DAY' },
        ],
      },
      'published a@1.0.0, b@2.0.0 (in force from DAY)',
    ],
    [
      'hms.rollout.promoted.v1',
      { decision: 'break-glass', policies: [{ id: 'b', version: '2.0.0', from: 'DAY' }] },
      'published b@2.0.0 (in force from DAY) by break-glass: drill 4711',
    ],
    ['hms.approval.rejected.v1', { decision: 'reject' }, 'rejected the approval of epa-pm25-limit: drill 4711'],
    ['hms.run.decision-accepted.v1', { decision: 'abort' }, 'aborted run 7 of epa-pm25-limit: drill 4711'],
    ['hms.ticket.closed.v1', { decision: 'accept' }, 'closed a ticket and accepted the outcome of run 7 of epa-pm25-limit: drill 4711'],
  ])('of %s %j is "EPA Chief %s"', (type, act, words) => {
    expect(sentence(type, act)).toBe(`EPA Chief ${words}`)
  })

  it('names all signers, a freeze, and the type of an event without acts', () => {
    const act = { decision: 'freeze', by: ['Ann', 'Ben'] }
    expect(sentence('hms.freeze.declared.v1', act, 'stop-the-line')).toBe('Ann and Ben declared freeze stop-the-line: drill 4711')
    expect(entrySentence({ type: 'hms.approval.approved.v1', key: 'pm25', run: 7 })).toBe('pm25 was approved')
    expect(entrySentence({ type: 'hms.lint.passed.v1', key: 'pm25', run: 7 })).toBe('lint passed: pm25')
    expect(entrySentence({ type: 'hms.run.changed.v1', key: '7', run: 7 })).toBe('run 7 changed')
  })
})

it.each([
  ['hms.approval.approved.v1', true],
  ['hms.roster.rotated.v1', true],
  ['hms.rollout.reversed.v1', true],
  ['hms.ticket.closed.v1', true],
  ['hms.ticket.opened.v1', false],
  ['hms.lint.passed.v1', false],
])('counts %s as an act of people: %s', (type, isAct) => {
  expect(isByPeople({ type })).toBe(isAct)
})

it('counts a promotion with acts, and not the step that applies a decision', () => {
  const acts = [{ by: ['people'], decision: 'abort', reason: null, statements: [] }]
  expect(isByPeople({ type: 'hms.rollout.promoted.v1', acts })).toBe(true)
  expect(isByPeople({ type: 'hms.run.decided.v1', acts })).toBe(false)
})
