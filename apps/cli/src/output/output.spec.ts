import { describe, expect, it } from 'vitest'
import { Output, type OutputOptions, type Sink } from './output.js'
import { choosePaint, COLOURED, PLAIN } from './paint.js'
import { renderTable, type Columns } from './table.js'
import { spokenDuration, spokenRemainder } from '#libs/contracts'

class Memory implements Sink {
  text = ''
  readonly columns = null
  constructor(readonly isTerminal = false) {}
  write(text: string): void {
    this.text += text
  }
}

function createOutput(options: OutputOptions, isTerminal = false): { output: Output; stdout: Memory; stderr: Memory } {
  const stdout = new Memory(isTerminal)
  const stderr = new Memory(isTerminal)
  return { output: new Output(stdout, stderr, options, {}), stdout, stderr }
}

describe('Output', () => {
  it('chooses its mode from flags, then from the terminal', () => {
    expect(createOutput({}, true).output.mode).toBe('tty')
    expect(createOutput({}, false).output.mode).toBe('plain')
    expect(createOutput({ plain: true }, true).output.mode).toBe('plain')
    expect(createOutput({ quiet: true }, true).output.mode).toBe('quiet')
    expect(createOutput({ json: true, quiet: true }, true).output.mode).toBe('json')
  })

  it('puts nothing but the value on stdout with --json', () => {
    const { output, stdout, stderr } = createOutput({ json: true })
    output.success('Signature added')
    output.note('difference')
    output.data({ run: 184 }, () => ['RUN #184'])
    expect(stdout.text).toBe('{"run":184}\n')
    expect(stderr.text).toBe('difference\n')
  })

  it('prints a result as a value with --json, and as lines otherwise', () => {
    const parts = ['approver: up to date', 'linter: up to date']
    const json = createOutput({ json: true })
    json.output.result([1, 2], parts)
    expect(json.stdout.text).toBe('[1,2]\n')
    const plain = createOutput({})
    plain.output.result([1, 2], parts)
    expect(plain.stdout.text).toBe('✓ approver: up to date\n✓ linter: up to date\n')
  })

  it('prints an empty list as [] with --json, and as a sentence on stderr otherwise', () => {
    const json = createOutput({ json: true })
    json.output.list([], { ID: () => '' }, 'No runs yet')
    expect(json.stdout.text).toBe('[]\n')
    const plain = createOutput({})
    plain.output.list([], { ID: () => '' }, 'No runs yet')
    expect([plain.stdout.text, plain.stderr.text]).toEqual(['', 'No runs yet\n'])
  })

  it('prints only data and errors with --quiet', () => {
    const { output, stdout, stderr } = createOutput({ quiet: true })
    output.success('Signature added')
    output.result({ file: 'a.bundle' }, ['a.bundle written'])
    output.note('difference')
    output.data(25, () => ['25'])
    output.error('✗ no')
    expect([stdout.text, stderr.text]).toEqual(['25\n', '✗ no\n'])
  })
})

describe('choosePaint', () => {
  it.each([
    ['always', { noColor: '1' }, false, COLOURED],
    ['never', { forceColor: '1' }, true, PLAIN],
    ['auto', { noColor: '1', forceColor: '1' }, true, PLAIN],
    ['auto', { noColor: '' }, true, COLOURED],
    ['auto', { forceColor: '1' }, false, COLOURED],
    ['auto', { forceColor: '0' }, true, PLAIN],
    ['auto', {}, true, COLOURED],
    ['auto', {}, false, PLAIN],
  ] as const)('%s with %o on a terminal: %s', (choice, environment, isTerminal, paint) => {
    expect(choosePaint(choice, environment, isTerminal)).toBe(paint)
  })
})

describe('renderTable', () => {
  const columns: Columns<{ run: number; detail: string | null }> = { RUN: 'run', DETAIL: ({ detail }) => detail }
  it('aligns columns and never wraps', () => {
    const rows = [
      { run: 1, detail: null },
      { run: 184, detail: 'two\nlines of text' },
    ]
    expect(renderTable(rows, columns, null)).toEqual(['RUN  DETAIL', '1    –', '184  two lines of text'])
    expect(renderTable(rows, columns, 12).at(-1)).toBe('184  two li…')
  })
})

describe('spokenDuration', () => {
  it.each([
    [0, '0 sec'],
    [41_300, '41 sec'],
    [59_600, '1 min'],
    [300_000, '5 min'],
    [702_000, '11 min 42 sec'],
  ])('%d ms is %s', (ms, text) => {
    expect(spokenDuration(ms)).toBe(text)
  })
})

describe('spokenRemainder', () => {
  it.each([
    [-1_000, '0 sec'],
    [45_000, '45 sec'],
    [83_000, '1 min 23 sec'],
    [3_599_600, '1 h 0 min'],
    [7_500_000, '2 h 5 min'],
    [90_000_000, '1 day 1 h'],
    [273_600_000, '3 days 4 h'],
  ])('%d ms is %s', (ms, text) => {
    expect(spokenRemainder(ms)).toBe(text)
  })
})
