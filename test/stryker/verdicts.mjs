/**
 * Lowest score of each library, in percent: the score of its first whole run, rounded down to a tenth. `node test/bin/mutants.mjs`
 * prints the block to paste here. A library without a floor fails.
 */
export const FLOORS = {
  signing: 52.6,
  guard: 77.6,
  evaluation: 73.9,
  pipeline: 81.1,
}

/** Outcomes, with the heading of their column. */
const HEADINGS = {
  killed: 'killed',
  looped: 'looped',
  survived: 'survived',
  uncovered: 'no coverage',
  timedOut: 'timed out',
  unjudged: 'unjudged',
  ignored: 'ignored',
}
const NOTICED = new Set(['killed', 'looped'])

/**
 * Returns the outcome of a mutant of Stryker's report, undefined for a mutator that the configuration excludes. Stryker ends a loop by its
 * number of rounds, which is equal on every machine. A mutant that only the clock ended may have been slow: it counts as not noticed.
 */
function outcomeOf({ status, statusReason = '' }) {
  if (status === 'Ignored') return statusReason.startsWith('Ignored because of excluded mutation') ? undefined : 'ignored'
  if (status === 'Killed') return 'killed'
  if (status === 'Timeout') return statusReason.startsWith('Hit limit reached') ? 'looped' : 'timedOut'
  if (status === 'Survived') return 'survived'
  return status === 'NoCoverage' ? 'uncovered' : 'unjudged'
}

/** Mutants of a report (mutation-testing-report-schema) with their outcome, position and change, except those of excluded mutators. */
function mutantsOf(report) {
  return Object.entries(report.files).flatMap(([path, { source, mutants }]) =>
    mutants.flatMap((mutant) => {
      const outcome = outcomeOf(mutant)
      if (outcome === undefined) return []
      const change = `${textAt(source, mutant.location)} → ${mutant.replacement}`
      return [{ outcome, change, key: `${path}: ${change}`, place: `${path}:${mutant.location.start.line}` }]
    }),
  )
}

/** Text between two positions, whose lines and columns count from 1; white space is one space. */
function textAt(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  lines[lines.length - 1] = lines[lines.length - 1].slice(0, end.column - 1)
  lines[0] = lines[0].slice(start.column - 1)
  return lines.join(' ').replaceAll(/\s+/g, ' ')
}

/**
 * Returns the verdict on a library: the number of mutants of each outcome, the percentage that tests noticed of those not ignored, and
 * whether it reaches the floor. A library without mutants does not.
 */
export function verdictOf(library, report, floor) {
  const outcomes = mutantsOf(report).map(({ outcome }) => outcome)
  const counts = Object.fromEntries(Object.keys(HEADINGS).map((name) => [name, outcomes.filter((outcome) => outcome === name).length]))
  const mutants = outcomes.length - counts.ignored
  const score = mutants === 0 ? 0 : (100 * (counts.killed + counts.looped)) / mutants
  return { library, mutants, ...counts, score, floor, passed: mutants > 0 && score >= floor }
}

/** Mutants that tests miss: a line on each, and whether tests missed as many mutants of this change in an earlier report. */
export function missedOf(report, before = { files: {} }) {
  const earlier = mutantsOf(before)
  const known = new Map()
  for (const { key } of earlier.filter(isMissed)) known.set(key, (known.get(key) ?? 0) + 1)
  const noticed = new Set(earlier.filter(({ outcome }) => NOTICED.has(outcome)).map(({ key }) => key))
  return mutantsOf(report)
    .filter(isMissed)
    .map(({ key, place, change, outcome }) => {
      const left = known.get(key) ?? 0
      known.set(key, left - 1)
      const isKnown = left > 0
      return { isKnown, line: `${place}: ${change} (${HEADINGS[outcome]}${!isKnown && noticed.has(key) ? ', noticed before' : ''})` }
    })
}

function isMissed({ outcome }) {
  return outcome !== 'ignored' && !NOTICED.has(outcome)
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

/** The block of floors that these verdicts would set; other libraries keep theirs. */
export function floorsOf(verdicts) {
  const scores = Object.fromEntries(verdicts.map(({ library, score }) => [library, Math.floor(score * 10) / 10]))
  const lines = Object.entries({ ...FLOORS, ...scores }).map(([library, floor]) => `  ${library}: ${floor},`)
  return ['export const FLOORS = {', ...lines, '}'].join('\n')
}

/** The report without mutants that were not judged, or that the clock ended: Stryker would reuse results that another run changes. */
export function withoutUnjudged(report) {
  const isJudged = (mutant) => !['timedOut', 'unjudged'].includes(outcomeOf(mutant))
  const files = Object.entries(report.files).map(([path, file]) => [path, { ...file, mutants: file.mutants.filter(isJudged) }])
  return { ...report, files: Object.fromEntries(files) }
}
