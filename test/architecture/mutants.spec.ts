import { describe, expect, it } from 'vitest'

interface Mutant {
  status: string
  statusReason?: string
}
interface Report {
  files: Record<string, { mutants: Mutant[] }>
}
interface Verdict {
  library: string
  score: number
  passed: boolean
}

const { floorsOf, libraryOf, tableOf, verdictsOf, withoutUnjudged } = (await import(
  new URL('../stryker/verdicts.mjs', import.meta.url).href
)) as {
  floorsOf: (verdicts: Verdict[]) => string
  libraryOf: (path: string) => string | undefined
  tableOf: (verdicts: Verdict[]) => string
  verdictsOf: (report: Report, floors: Record<string, number | undefined>) => Verdict[]
  withoutUnjudged: (report: Report) => Report
}

const mutants = (count: number, status: string, statusReason?: string): Mutant[] =>
  Array.from({ length: count }, () => ({ status, statusReason }))
const LOOPED = 'Hit limit reached (501/500)'

/** 200 mutants of guard, of which tests notice 171; and one of signing that survived. */
const REPORT: Report = {
  files: {
    'libs/guard/src/compile.ts': { mutants: [...mutants(120, 'Killed'), ...mutants(1, 'Timeout', LOOPED), ...mutants(4, 'Timeout')] },
    'libs/guard/src/rule.ts': {
      mutants: [
        ...mutants(50, 'Killed'),
        ...mutants(17, 'Survived'),
        ...mutants(5, 'NoCoverage'),
        ...mutants(3, 'RuntimeError', 'out of memory'),
      ],
    },
    'libs/signing/src/event.ts': { mutants: [...mutants(1, 'Survived'), ...mutants(30, 'Ignored')] },
  },
}

describe('verdicts on mutants', () => {
  it('count what tests noticed for each library, not what the clock ended or nobody judged', () => {
    expect(verdictsOf(REPORT, { guard: 80, signing: 0 })).toEqual([
      {
        library: 'guard',
        mutants: 200,
        killed: 170,
        looped: 1,
        survived: 17,
        uncovered: 5,
        timedOut: 4,
        unjudged: 3,
        score: 85.5,
        floor: 80,
        passed: true,
      },
      expect.objectContaining({ library: 'signing', mutants: 1, survived: 1, score: 0, passed: true }),
    ])
  })

  it.each([
    ['at its floor', 85.5, true],
    ['below its floor', 85.6, false],
    ['without a floor', undefined, false],
  ])('on a library %s', (_, floor, passed) => {
    expect(verdictsOf(REPORT, { guard: floor })[0]?.passed).toBe(passed)
  })

  it('pass no library without mutants', () => {
    expect(verdictsOf(REPORT, { pipeline: 0 })).toEqual([expect.objectContaining({ mutants: 0, passed: false })])
  })

  it('are a table', () => {
    expect(tableOf(verdictsOf(REPORT, { guard: 85.6, signing: undefined })).split('\n')).toEqual([
      'library  mutants  killed  looped  survived  no coverage  timed out  unjudged  score  floor      ',
      'guard        200     170       1        17            5          4         3   85.5   85.6  FAIL',
      'signing        1       0       0         1            0          0         0    0.0   none  FAIL',
    ])
  })

  it('give floors that the same run reaches', () => {
    const run = { files: { 'libs/guard/src/rule.ts': { mutants: [...mutants(2, 'Killed'), ...mutants(1, 'Survived')] } } }
    expect(floorsOf(verdictsOf(run, { guard: undefined }))).toBe('export const FLOORS = {\n  guard: 66.6,\n}')
    expect(verdictsOf(run, { guard: 66.6 })[0]?.passed).toBe(true)
  })

  it('reuse no result that the clock decided', () => {
    const [compile, rule] = Object.values(withoutUnjudged(REPORT).files).map((file) => file.mutants.map(({ status }) => status))
    expect(new Set(compile)).toEqual(new Set(['Killed', 'Timeout']))
    expect(compile).toHaveLength(121)
    expect(new Set(rule)).toEqual(new Set(['Killed', 'Survived', 'NoCoverage']))
  })

  it('know a library by its name and by its sources', () => {
    expect(['guard', 'libs/guard/src/rule.ts', 'libs/guard/src/rule.ts:10-20'].map(libraryOf)).toEqual(['guard', 'guard', 'guard'])
    expect(['libs/client/src/index.ts', 'toString', 'libs/guard'].map(libraryOf)).toEqual([undefined, undefined, undefined])
  })
})
