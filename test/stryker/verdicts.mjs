/**
 * Lowest score of each library, in percent. It is the score of the first whole run, without results of earlier runs, on two quiet cores,
 * rounded down to a tenth. `npm run test:deep -- mutants` prints the block to paste here. A library without a floor fails.
 */
export const FLOORS = {
  pipeline: undefined,
  signing: undefined,
  guard: undefined,
  evaluation: undefined,
}

/** The library that a name or path means, if it has a floor. */
export function libraryOf(path) {
  const library = /^libs\/([^/]+)\/src\//.exec(path)?.[1] ?? path
  return Object.hasOwn(FLOORS, library) ? library : undefined
}

/** Outcomes, with the heading of their column. */
const HEADINGS = {
  killed: 'killed',
  looped: 'looped',
  survived: 'survived',
  uncovered: 'no coverage',
  timedOut: 'timed out',
  unjudged: 'unjudged',
}

/**
 * What a mutant of Stryker's report came to. Stryker ends a loop by its number of rounds, which is the same on every machine; what only the
 * clock ended may have been slow, and counts as not noticed.
 */
function outcomeOf({ status, statusReason }) {
  if (status === 'Killed') return 'killed'
  if (status === 'Timeout') return statusReason?.startsWith('Hit limit reached') ? 'looped' : 'timedOut'
  if (status === 'Survived') return 'survived'
  return status === 'NoCoverage' ? 'uncovered' : 'unjudged'
}

/**
 * The verdict on each library of `floors`, from a report of Stryker (mutation-testing-report-schema): the number of mutants of each outcome,
 * the share that tests noticed in percent, and whether it reaches the floor. A library without mutants does not.
 */
export function verdictsOf(report, floors = FLOORS) {
  return Object.entries(floors).map(([library, floor]) => {
    const files = Object.entries(report.files).filter(([path]) => libraryOf(path) === library)
    const outcomes = files
      .flatMap(([, { mutants }]) => mutants)
      .filter(({ status }) => status !== 'Ignored')
      .map(outcomeOf)
    const counts = Object.fromEntries(Object.keys(HEADINGS).map((name) => [name, outcomes.filter((outcome) => outcome === name).length]))
    const score = outcomes.length === 0 ? 0 : (100 * (counts.killed + counts.looped)) / outcomes.length
    return { library, mutants: outcomes.length, ...counts, score, floor, passed: outcomes.length > 0 && score >= floor }
  })
}

/** A line for each verdict, below its headings. */
export function tableOf(verdicts) {
  const rows = [
    ['library', 'mutants', ...Object.values(HEADINGS), 'score', 'floor', ''],
    ...verdicts.map(({ library, mutants, score, floor, passed, ...counts }) => [
      library,
      mutants,
      ...Object.keys(HEADINGS).map((name) => counts[name]),
      score.toFixed(1),
      floor === undefined ? 'none' : floor.toFixed(1),
      passed ? 'PASS' : 'FAIL',
    ]),
  ].map((row) => row.map(String))
  const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => row[at].length)))
  return rows.map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ')).join('\n')
}

/** The block of floors that these verdicts would set. */
export function floorsOf(verdicts) {
  const lines = verdicts.map(({ library, score }) => `  ${library}: ${Math.floor(score * 10) / 10},`)
  return ['export const FLOORS = {', ...lines, '}'].join('\n')
}

/** The report without mutants that were not judged, or that the clock ended: Stryker would reuse their results as long as nothing changes. */
export function withoutUnjudged(report) {
  const isJudged = (mutant) => !['timedOut', 'unjudged'].includes(outcomeOf(mutant))
  const files = Object.entries(report.files).map(([path, file]) => [path, { ...file, mutants: file.mutants.filter(isJudged) }])
  return { ...report, files: Object.fromEntries(files) }
}
