import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineProgram } from '../../apps/cli/src/program.js'
import { ioForTest } from '../../apps/cli/src/testing/run-cli.js'
import { ROOT } from '../architecture/root.js'
import { BIN, hms } from '../support/processes.js'
import { cleanEnvironment } from '../support/processes.config.js'
import { freshDatabase } from '../support/postgres.js'
import { hmsOnTerminal } from '../support/terminal.js'
import { DECISIONS, RESULTS, MAKERS, REPORTS, SWITCH } from './verbs/changes.js'
import { expectDecision, expectRefused, expectSaid, expectUntilInterrupted } from './verbs/expect-form.js'
import { FORMS, inEachForm, type Form, type InEachForm } from './verbs/forms.js'
import { EACH_APART, REFUSALS } from './verbs/refusals.js'
import type { Manner, Refusal, Row } from './verbs/row.js'
import { prepare } from './verbs/prepare.js'
import { LINES, SERVERS, STREAMS, VALUES, WATCHES } from './verbs/values.js'
import { Harness } from './verbs/harness.js'

const ALL: readonly (Row | Refusal)[] = [
  ...[VALUES, WATCHES, LINES, STREAMS, SERVERS].flat(),
  ...[RESULTS, MAKERS, REPORTS, DECISIONS, SWITCH].flat(),
  ...[REFUSALS, EACH_APART].flat(),
]

describe('the table', () => {
  it('has every verb of the program', () => {
    const program = defineProgram(ioForTest())
    const lines = ALL.map(([line]) => `${line} `)
    expect(leavesOf(program).filter((verb) => !lines.some((line) => line.startsWith(`${verb} `)))).toEqual([])
  })

  it('has every documented exit code', () => {
    const page = readFileSync(join(ROOT, 'docs/reference/exit-codes.md'), 'utf8')
    const documented = [...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
    expect(documented.length).toBeGreaterThan(10)
    expect([...new Set(ALL.map(([, code]) => code))].toSorted((a, b) => a - b)).toEqual(documented.toSorted((a, b) => a - b))
  })
})

/** But what the scripts of `completion` call. */
function leavesOf(command: Command, words: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [words.join(' ')]
  return command.commands.filter((child) => !child.name().startsWith('__')).flatMap((child) => leavesOf(child, [...words, child.name()]))
}

/** Of four processes, some of which wait for the system. */
const PATIENCE_MS = 300_000

describe('every verb, in every form', () => {
  let harness: Harness
  let database: { url: string; drop(): Promise<void> }
  beforeAll(async () => {
    harness = await Harness.start()
    database = await freshDatabase()
    harness.words.kept.set('database', database.url)
    expect(await hms(['migrate'], { ...harness.env, HMS_DATABASE_URL: database.url })).toMatchObject({ code: 0 })
    await prepare(harness)
  }, 900_000)
  afterAll(async () => {
    await harness.stop()
    await database.drop()
  })

  /** A row, called in each form before its cells look at what came out. */
  function cells(
    row: Row,
    judge: (form: Form, ran: InEachForm) => void,
    { isEndless = false, forms = FORMS }: { isEndless?: boolean; forms?: readonly Form[] } = {},
  ): void {
    describe(`hms-svc ${row[0]}`, () => {
      let ran: InEachForm
      beforeAll(async () => {
        ran = await inEachForm((form) => harness.call(row, form, isEndless), { forms, alone: row[4]?.alone === true })
      }, PATIENCE_MS)
      it.each(forms)('%s', (form) => judge(form, ran))
    })
  }
  /** One place says every refusal: with `--quiet` and on a terminal one of each exit code is enough. */
  function refused(rows: readonly Refusal[], others?: string): void {
    for (const [index, row] of rows.entries()) {
      const isFirst = rows.findIndex(([, code]) => code === row[1]) === index
      cells(row, (form, ran) => expectRefused(form, row, ran, others), { forms: isFirst ? FORMS : ['pipe', 'json'] })
    }
  }
  function said(rows: readonly Row[], manner: Manner): void {
    for (const row of rows) cells(row, (form, ran) => expectSaid(form, manner, row, ran))
  }

  // Reads come first: what they compare from form to form must not change between.
  said(VALUES, 'value')
  said(WATCHES, 'report')
  said(LINES, 'lines')
  for (const row of STREAMS) cells(row, (form, ran) => expectUntilInterrupted(form, false, row, ran), { isEndless: true })
  for (const row of SERVERS) cells(row, (form, ran) => expectUntilInterrupted(form, true, row, ran), { isEndless: true })
  refused(REFUSALS)
  refused(EACH_APART, '[]\n')

  said(RESULTS, 'result')
  said(MAKERS, 'value')
  said(REPORTS, 'report')
  for (const row of DECISIONS) cells(row, (form, ran) => expectDecision(form, row, ran))

  describe('the stop switch, in turn', () => {
    const ran = SWITCH.map(() => ({}) as Record<Form, InEachForm[Form]>)
    beforeAll(async () => {
      for (const form of FORMS) for (const [index, row] of SWITCH.entries()) ran[index]![form] = await harness.call(row, form)
    }, PATIENCE_MS)
    for (const [index, row] of SWITCH.entries())
      it.each(FORMS)(`hms-svc ${row[0]}, %s`, (form) => expectSaid(form, 'result', row, ran[index]!))
  })

  it('a terminal without a size cuts nothing', async () => {
    expect((await hmsOnTerminal(['policies', 'list'], harness.env, 0)).stdout).toContain('epa-pm25-limit')
  })

  it('a verb that is mistyped is named', async () => {
    expect((await hms(['polices', 'list'], harness.env)).stderr).toContain('Did you mean policies?')
  })

  /** Their starts beside that of Node with nothing to do; numbers for people, because on a busy machine they are not certain. */
  it('prints how long light verbs take to start', () => {
    const verbs = [['version'], ['get', 'epa-pm25-limit'], ['runs', 'list'], ['tickets', 'list']]
    const lines = [['--eval', ''], ...verbs.map((verb) => [BIN, ...verb])]
    const times = lines.map((): number[] => [])
    for (let round = 0; round < 9; round++)
      for (const [index, argv] of lines.entries()) {
        const from = performance.now()
        expect(spawnSync(process.execPath, argv, { env: { ...cleanEnvironment(), ...harness.env }, stdio: 'ignore' }).status).toBe(0)
        times[index]!.push(performance.now() - from)
      }
    const [empty, ...medians] = times.map((each) => each.sort((a, b) => a - b)[each.length >> 1]!)
    for (const [index, median] of medians.entries()) {
      const ratio = (median / empty!).toFixed(2)
      const name = `hms-svc ${verbs[index]!.join(' ')}`
      process.stdout.write(`${name}: ${median.toFixed(0)} ms, ${ratio} times an empty program (${empty!.toFixed(0)} ms); at most 2.2\n`)
    }
  })
})
