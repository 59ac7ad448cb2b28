import { describe, expect, it } from 'vitest'
import { emptyScore, judgeSimulation } from './judge.js'
import { lackOf, skippedNote, type SkippedScenario } from './lack.js'
import type { ReplayScore } from './score.js'

const score = (changes: Partial<ReplayScore>): ReplayScore => ({ ...emptyScore('', false), summary: 'S', ...changes })
const skipped: SkippedScenario = { scenario: 'a', why: 'no corpus c registered', next: 'hms-svc corpora add FILE --id c' }

describe('judgeSimulation', () => {
  it('returns the score of a pass, with the skipped scenarios', () => {
    const passed = score({ verdict: 'PASS' })
    expect(judgeSimulation({ score: passed, skipped: [] }, 'required')).toEqual({ do: 'pass', summary: 'S' })
    const summary = 'S; skipped: a (no corpus c registered)'
    expect(judgeSimulation({ score: passed, skipped: [skipped] }, 'optional')).toEqual({ do: 'pass', summary })
  })

  it.each([
    [{ WRONG: ['w'], STALE: ['s'] }, 's'],
    [{ NONDETERMINISTIC: ['n'], BUDGET: ['b'] }, 'b'],
    [{ ADAPTED: ['a'], CRASHED: ['c'] }, 'c'],
  ])('names a bot to fix for a failure (%j)', (bots, id) => {
    const verdict = judgeSimulation({ score: score({ verdict: 'FAIL', reason: 'BELOW_THRESHOLD', bots }), skipped: [] }, 'optional')
    expect(verdict).toEqual({ do: 'fail', reason: 'BELOW_THRESHOLD', detail: 'S', next: [`hms-svc bots add FILE --id ${id}`] })
  })

  it('pauses in production without evidence, with the commands that would provide some', () => {
    const lack = lackOf(1, 1, [skipped])!
    const verdict = judgeSimulation({ score: emptyScore(lack.sentence, true), skipped: [skipped], lack }, 'required')
    const detail = 'NO_EVIDENCE: no corpus c registered; first version'
    expect(verdict).toEqual({ do: 'pause', reason: 'NO_EVIDENCE', detail, next: ['hms-svc corpora add FILE --id c'] })
  })

  it('passes in dev without discriminating inputs', () => {
    const same = score({ verdict: 'INCONCLUSIVE', reason: 'NO_DISCRIMINATING_INPUT' })
    expect(judgeSimulation({ score: same, skipped: [] }, 'optional')).toEqual({
      do: 'pass',
      summary: 'NO_EVIDENCE: no discriminating input; S',
    })
  })
})

describe('lackOf', () => {
  it('reports missing bots first, then missing scenarios, then why scenarios were skipped', () => {
    expect(lackOf(0, 0, [])?.sentence).toBe('no bots registered')
    expect(lackOf(1, 0, [])?.sentence).toBe('no scenario for this policy')
    expect(lackOf(1, 2, [skipped, { ...skipped, scenario: 'b' }])?.sentence).toBe('no corpus c registered')
    expect(lackOf(1, 1, [{ ...skipped, next: null }])?.next).toEqual(['hms-svc scenarios add FILE'])
    expect(lackOf(1, 2, [skipped])).toBeUndefined()
    expect(skippedNote([])).toBe('')
  })
})
