import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BotClass } from '#libs/pipeline'
import type { ReplayReport } from './report.js'
import { scoreReplay } from './score.js'

interface Given {
  adapted?: number
  others?: Partial<Record<BotClass, string[]>>
  discriminating?: number
  boundary?: number
  firstVersion?: boolean
}

const NO_IMPACT = { scenarios: [], bots: [], fields: [] }

function report({ adapted = 0, others = {}, discriminating = 131, boundary = 0, firstVersion = false }: Given): ReplayReport {
  const good = Array.from({ length: adapted }, (_, index) => `bot-${index}`)
  const classes: Partial<Record<BotClass, string[]>> = { [firstVersion ? 'RAN' : 'ADAPTED']: good, ...others }
  return {
    engine: 'test',
    beside: [],
    scenarios: [
      {
        scenario: 's',
        policies: ['p'],
        firstVersion,
        recorded: 7703,
        boundary: 6,
        unjudged: 0,
        discriminating: { recorded: discriminating, boundary },
      },
    ],
    bots: Object.entries(classes).flatMap(([name, ids]) =>
      ids.map((bot) => ({ bot, class: name as BotClass, digest: 'sha256:0', scenario: 's', agreed: 0 })),
    ),
    impact: NO_IMPACT,
  }
}

describe('scoreReplay', () => {
  it('returns the summary line of the contract', () => {
    expect(scoreReplay(report({ adapted: 63, others: { STALE: ['boston-insp-03'] } }))).toEqual({
      verdict: 'PASS',
      adapted: 63,
      applicable: 64,
      percent: '98.4',
      discriminating: 131,
      boundary: 0,
      firstVersion: false,
      bots: { ADAPTED: expect.any(Array), STALE: ['boston-insp-03'] },
      summary: '98.4% bots adapted, 63/64; 1 STALE: boston-insp-03; 131 discriminating inputs',
    })
  })

  it('truncates the percentage, so that 100.0 means all', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }), (adapted, stale) => {
        const others = { STALE: Array.from({ length: stale }, (_, index) => `s-${index}`) }
        const { percent } = scoreReplay(report({ adapted, others }))
        const share = (adapted / (adapted + stale)) * 100
        expect(Number(percent)).toBeLessThanOrEqual(share + 1e-9)
        expect(share - Number(percent)).toBeLessThan(0.1 + 1e-9)
        expect(percent).toMatch(/^\d{1,2}\.\d$/)
      }),
      { numRuns: 20 },
    )
    expect(scoreReplay(report({ adapted: 1999, others: { WRONG: ['w'] } })).percent).toBe('99.9')
    expect(scoreReplay(report({ adapted: 3 })).percent).toBe('100.0')
  })

  it('passes at exactly 95 per cent', () => {
    expect(scoreReplay(report({ adapted: 19, others: { STALE: ['s'] } })).verdict).toBe('PASS')
    expect(scoreReplay(report({ adapted: 18, others: { STALE: ['s'] } }))).toMatchObject({
      verdict: 'FAIL',
      reason: 'BELOW_THRESHOLD',
      percent: '94.7',
    })
    expect(scoreReplay(report({ adapted: 1, others: { STALE: ['s'] } }), { threshold: 50 }).verdict).toBe('PASS')
  })

  it('fails when a critical bot did not adapt', () => {
    expect(scoreReplay(report({ adapted: 63, others: { STALE: ['s'] } }), { critical: ['s'] })).toMatchObject({
      verdict: 'FAIL',
      reason: 'CRITICAL_BOT',
      summary: '98.4% bots adapted, 63/64; 1 STALE: s; critical: s; 131 discriminating inputs',
    })
    expect(scoreReplay(report({ adapted: 1, others: { NOT_APPLICABLE: ['n'] } }), { critical: ['n'] }).verdict).toBe('PASS')
  })

  it('excludes bots that are not applicable from the share, and reports their number', () => {
    expect(scoreReplay(report({ adapted: 1, others: { NOT_APPLICABLE: ['n', 'm'] }, boundary: 4 })).summary).toBe(
      '100.0% bots adapted, 1/1; 2 not applicable; 131 discriminating inputs and 4 at the boundary',
    )
  })

  it('never passes if the change flips no verdict', () => {
    expect(scoreReplay(report({ adapted: 5, discriminating: 0 }))).toMatchObject({
      verdict: 'INCONCLUSIVE',
      reason: 'NO_DISCRIMINATING_INPUT',
    })
    expect(scoreReplay(report({ adapted: 5, discriminating: 0, boundary: 3 })).verdict).toBe('PASS')
    expect(scoreReplay(report({ others: { WRONG: ['w'] }, discriminating: 0 }))).toMatchObject({ verdict: 'FAIL' })
  })

  it.each([
    ['no bots registered', report({})],
    ['no bot reads p', report({ others: { NOT_APPLICABLE: ['n'] } })],
    ['no scenario for this policy', { engine: 'test', beside: [], scenarios: [], bots: [], impact: NO_IMPACT }],
    [
      'no inputs to replay',
      { ...report({ adapted: 1 }), scenarios: report({}).scenarios.map((scenario) => ({ ...scenario, recorded: 0, boundary: 0 })) },
    ],
  ])('NO_EVIDENCE: %s', (why, given) => {
    expect(scoreReplay(given)).toMatchObject({ verdict: 'INCONCLUSIVE', reason: 'NO_EVIDENCE', summary: `NO_EVIDENCE: ${why}` })
  })

  it('first version: passes unless a bot crashed', () => {
    expect(scoreReplay(report({ adapted: 3, firstVersion: true, discriminating: 0 }))).toMatchObject({
      verdict: 'PASS',
      summary: 'first version, 3/3 bots ran without a crash',
    })
    expect(scoreReplay(report({ adapted: 63, others: { CRASHED: ['c'] }, firstVersion: true, discriminating: 0 }))).toMatchObject({
      verdict: 'FAIL',
      reason: 'BOT_CRASHED',
      summary: 'first version, 63/64 bots ran without a crash; 1 CRASHED: c',
    })
  })
})
