import { expect } from 'vitest'
import type { Problem } from '#libs/contracts'
import { ESCAPE, FORMS, linesOf, screenOf, type Form, type InEachForm } from './forms.js'
import type { Manner, Refusal, Row } from './row.js'

/** Texts that differ from call to call: times, numbers, keys, paths below the test's folder, what is named after its form, and the partner. */
const MOVING: [RegExp, string][] = [
  [/\/[^\s'"]*hms-test-[^\s'"]*/g, 'PATH'],
  [new RegExp(`(?<![A-Za-z])(?:${FORMS.join('|')})(?![A-Za-z])`, 'g'), 'FORM'],
  [/(?<![A-Za-z])t?here(?![A-Za-z])/g, 'PARTNER'],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<!\w)[0-9a-f]{8,}(?!\w)/g, 'ID'],
  [/[A-Za-z0-9+/_-]{32,}={0,2}/g, 'KEY'],
  [/\d+(?:[.:]\d+)*/g, '0'],
  // On a busy machine, an age may pass two minutes between two calls.
  [/(?<!\S)0 (?:min|h|d)(?!\S)/g, '0 s'],
  // Columns and dots are as wide as what stands in them.
  [/(?<=\S)(?: {2,}| ?\.{3,} ?)/g, ' '],
]

export function stable(text: string): string {
  return MOVING.reduce((changed, [pattern, word]) => changed.replaceAll(pattern, word), text)
}

const stableLines = (text: string): string[] => linesOf(text).map(stable)
const sorted = (lines: readonly string[]): string[] => lines.toSorted()

/** One cell: what a verb says that did as it was asked, or says how it judged. */
export function expectSaid(form: Form, manner: Manner, [, code, says, has = '']: Row, ran: InEachForm): void {
  const { stdout, stderr } = ran[form]
  const words = says.replace('{form}', form)
  expect(ran[form].code, stdout + stderr).toBe(code)
  if (form === 'terminal') return expectScreen(manner, words, ran)
  expect(stdout + stderr).not.toMatch(ESCAPE)
  if (form === 'json') return manner === 'lines' ? expectNdjson(stdout) : expectValue(stdout, has)
  if (form === 'pipe') {
    expect(stdout).toContain(words)
    if (manner === 'result') expect(linesOf(stdout).filter((line) => !/^[✓✗] /.test(line))).toEqual([])
    return
  }
  expect(stderr).toBe('')
  expect(stableLines(stdout)).toEqual(manner === 'value' || manner === 'lines' ? stableLines(ran.pipe.stdout) : [])
}

/** A terminal shows what a pipe shows, but states that a watched run passes through are overwritten. */
function expectScreen(manner: Manner, words: string, { pipe, terminal }: InEachForm): void {
  const screen = screenOf(terminal.stdout)
  expect(screen.join('\n')).not.toMatch(ESCAPE)
  expect(screen.join('\n')).toContain(words)
  const shown = screen.map(stable)
  const data = stableLines(pipe.stdout)
  const notes = stableLines(pipe.stderr)
  if (manner !== 'report') return expect(sorted(shown)).toEqual(sorted([...data, ...notes]))
  expect(shown.filter((line) => data.includes(line))).toEqual(data)
  expect(shown.filter((line) => !data.includes(line) && !notes.includes(line))).toEqual([])
}

/** One JSON value on one line and nothing else, with these members, or a list of such. */
function expectValue(stdout: string, has: string): void {
  expect(linesOf(stdout)).toHaveLength(1)
  const value = JSON.parse(stdout) as unknown
  if (has === '') return
  const first = (Array.isArray(value) ? value[0] : value) as object | undefined
  expect(Object.keys(first ?? {})).toEqual(expect.arrayContaining(has.split(' ')))
}

function expectNdjson(stdout: string, has = ''): void {
  expect(stdout.endsWith('\n')).toBe(true)
  for (const line of linesOf(stdout)) expectValue(`${line}\n`, has)
}

/** One cell of a verb that goes on until Ctrl-C. `isOnce`: the verb prints one value, otherwise one for each event. */
export function expectUntilInterrupted(form: Form, isOnce: boolean, [, code, says, has = '']: Row, ran: InEachForm): void {
  const { stdout, stderr } = ran[form]
  expect(ran[form].code, stdout + stderr).toBe(code)
  if (form === 'json') {
    if (isOnce) expectValue(stdout, has)
    else expectNdjson(stdout, has)
  }
  if (form === 'terminal') {
    const screen = screenOf(stdout)
    expect(screen.join('\n')).not.toMatch(ESCAPE)
    expect(screen.map(stable)).toEqual(expect.arrayContaining(stableLines(ran.pipe.stdout)))
    return
  }
  expect(stdout + stderr).not.toMatch(ESCAPE)
  if (form === 'quiet') expect(stderr).toBe('')
  if (form !== 'json') expect(stdout).toContain(says)
}

/** One cell of a decision. The run moves on meanwhile, so its stages are not compared. */
export function expectDecision(form: Form, [, code, says, has = '']: Row, ran: InEachForm): void {
  const { stdout, stderr } = ran[form]
  expect(ran[form].code, stdout + stderr).toBe(code)
  if (form === 'json') return expectValue(stdout, has)
  if (form === 'quiet') return expect([stdout, stderr]).toEqual(['', ''])
  const lines = form === 'terminal' ? screenOf(stdout) : linesOf(stdout)
  expect(lines.join('\n')).not.toMatch(ESCAPE)
  expect(lines[0]).toMatch(/^RUN #\d+ {2}\S+@1\.0\.0/)
  expect(lines.join('\n')).toContain(says)
}

/** One cell of a refusal. `others`: with `--json`, the list of what was not refused. */
export function expectRefused(form: Form, [, code, error]: Refusal, ran: InEachForm, others = ''): void {
  const { stdout, stderr } = ran[form]
  expect(ran[form].code, stdout + stderr).toBe(code)
  if (form === 'terminal') {
    const screen = screenOf(stdout)
    expect(screen.join('\n')).not.toMatch(ESCAPE)
    return expect(sorted(screen.map(stable))).toEqual(sorted(stableLines(ran.pipe.stderr)))
  }
  expect(stdout + stderr).not.toMatch(ESCAPE)
  expect(stdout).toBe(form === 'json' ? others : '')
  if (form === 'json') {
    const problem = JSON.parse(linesOf(stderr).at(-1) ?? '') as Problem
    expect(problem.code).toContain(error)
    expect(problem.detail).not.toBe('')
    return expect(problem.next).not.toEqual([])
  }
  expect(stderr).toMatch(new RegExp(`^✗ .*\\[${error}`, 'm'))
  expect(stderr).toMatch(/^ {2}next: \S/m)
  if (form === 'quiet') expect(stableLines(ran.pipe.stderr)).toEqual(expect.arrayContaining(stableLines(stderr)))
}
