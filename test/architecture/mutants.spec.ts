import { describe, expect, it } from 'vitest'

interface Mutant {
  status: string
  statusReason?: string
  location: Record<'start' | 'end', { line: number; column: number }>
  replacement: string
}
interface Report {
  files: Record<string, { source: string; mutants: Mutant[] }>
}
interface Verdict {
  library: string
  score: number
  passed: boolean
}

const { floorsOf, missedOf, tableOf, verdictOf, withoutUnjudged } = (await import(
  new URL('../stryker/verdicts.mjs', import.meta.url).href
)) as {
  floorsOf: (verdicts: Verdict[]) => string
  missedOf: (report: Report, before?: Report) => { isKnown: boolean; line: string }[]
  tableOf: (verdicts: Verdict[]) => string
  verdictOf: (library: string, report: Report, floor: number | undefined) => Verdict
  withoutUnjudged: (report: Report) => Report
}

const RULE = 'libs/guard/src/rule.ts'
const SOURCE = 'const both = left && right\nconst more = left > right\n'
const AND = { location: { start: { line: 1, column: 14 }, end: { line: 1, column: 27 } }, replacement: 'left || right' }
const MORE = { location: { start: { line: 2, column: 14 }, end: { line: 2, column: 26 } }, replacement: 'left >= right' }

const mutants = (count: number, status: string, statusReason?: string): Mutant[] =>
  Array.from({ length: count }, () => ({ status, statusReason, ...AND }))
const reportOf = (...groups: Mutant[][]): Report => ({ files: { [RULE]: { source: SOURCE, mutants: groups.flat() } } })

/** 200 mutants, of which tests notice 171; 30 are ignored, and 9 are not of a chosen mutator. */
const REPORT = reportOf(
  mutants(170, 'Killed'),
  mutants(1, 'Timeout', 'Hit limit reached (501/500)'),
  mutants(4, 'Timeout'),
  mutants(17, 'Survived'),
  mutants(5, 'NoCoverage'),
  mutants(3, 'RuntimeError', 'out of memory'),
  mutants(30, 'Ignored', 'Static mutant (and "ignoreStatic" was enabled)'),
  mutants(9, 'Ignored', 'Ignored because of excluded mutation "Regex"'),
)

describe('the verdict on a library', () => {
  it('counts what tests noticed, not what the clock ended, nobody judged or Stryker ignored', () => {
    expect(verdictOf('guard', REPORT, 80)).toEqual({
      library: 'guard',
      mutants: 200,
      killed: 170,
      looped: 1,
      survived: 17,
      uncovered: 5,
      timedOut: 4,
      unjudged: 3,
      ignored: 30,
      score: 85.5,
      floor: 80,
      passed: true,
    })
  })

  it.each([
    ['at its floor', 85.5, true],
    ['below its floor', 85.6, false],
    ['without a floor', undefined, false],
  ])('on a library %s', (_, floor, passed) => {
    expect(verdictOf('guard', REPORT, floor).passed).toBe(passed)
  })

  it('passes no library without mutants', () => {
    expect(verdictOf('guard', { files: {} }, 0)).toMatchObject({ mutants: 0, passed: false })
  })

  it('is a line of a table', () => {
    expect(tableOf([verdictOf('guard', REPORT, 85.6), verdictOf('signing', { files: {} }, undefined)]).split('\n')).toEqual([
      'library  mutants  killed  looped  survived  no coverage  timed out  unjudged  ignored  score  floor      ',
      'guard        200     170       1        17            5          4         3       30   85.5   85.6  FAIL',
      'signing        0       0       0         0            0          0         0        0    0.0   none  FAIL',
    ])
  })

  it('gives a floor that the same run reaches', () => {
    const run = reportOf(mutants(2, 'Killed'), mutants(1, 'Survived'))
    expect(floorsOf([verdictOf('guard', run, undefined)])).toContain('\n  guard: 66.6,\n')
    expect(verdictOf('guard', run, 66.6).passed).toBe(true)
  })
})

describe('mutants that tests miss', () => {
  const killed: Mutant = { status: 'Killed', ...AND }
  const survived: Mutant = { status: 'Survived', ...AND }

  it('are those that tests noticed before, although lines have moved', () => {
    const start = { line: 2, column: 14 }
    const moved: Report = {
      files: { [RULE]: { source: `\n${SOURCE}`, mutants: [{ ...survived, location: { start, end: { line: 2, column: 27 } } }] } },
    }
    expect(missedOf(moved, reportOf([killed]))).toEqual([
      { isKnown: false, line: `${RULE}:2: left && right → left || right (survived, noticed before)` },
    ])
  })

  it('are new ones too', () => {
    expect(missedOf(reportOf([killed, { status: 'NoCoverage', ...MORE }]), reportOf([killed]))).toEqual([
      { isKnown: false, line: `${RULE}:2: left > right → left >= right (no coverage)` },
    ])
  })

  it('are known as often as they were missed before', () => {
    const knownOf = (report: Report, before?: Report): boolean[] => missedOf(report, before).map(({ isKnown }) => isKnown)
    expect(knownOf(reportOf([survived, survived]), reportOf([survived, killed]))).toEqual([true, false])
    expect(knownOf(reportOf([survived]), reportOf([survived]))).toEqual([true])
    expect(knownOf(REPORT)).toEqual(Array.from({ length: 29 }, () => false))
  })
})

describe('results that are reused', () => {
  it('are none that the clock decided', () => {
    const statuses = withoutUnjudged(REPORT).files[RULE]?.mutants.map(({ status }) => status)
    expect(statuses).toHaveLength(232)
    expect(new Set(statuses)).toEqual(new Set(['Killed', 'Timeout', 'Survived', 'NoCoverage', 'Ignored']))
  })
})
