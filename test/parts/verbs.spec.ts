import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXIT, type ApprovalView, type RunView } from '#libs/contracts'
import { defineVerbs, runCli } from '../../apps/cli/src/program.js'
import { Session } from '../../apps/cli/src/session.js'
import { serveCanned, type CannedService } from '../../apps/cli/src/testing/canned-service.js'
import { ioForTest } from '../../apps/cli/src/testing/run-cli.js'
import { ROOT } from '../architecture/root.js'
import { BIN, freePort, hms, hmsInterrupted, ready, scratchFolder, Served, until, type Finished } from '../support/processes.js'
import { hmsOnTerminal, interruptedOnTerminal } from '../support/terminal.js'
import { CASES, DOCTOR, DONE, EACH_APART, JUDGED, REFUSED, RESTED, SCRIPTS, UNTIL_INTERRUPTED } from './verb-cases.js'

const ASSETS = join(ROOT, 'apps/demo/assets')
const PROMPT = ['--observe', '0s', '--bake', '0s', '--watch', '--quiet']
/** Longer than any test of this file. */
const SLOWLY = ['--observe', '30m', '--quiet']

// Escapes that colour a text, the one kind that may stand in what is not redrawn.
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[\d+(?:;\d+)*m/g
// What a run that is watched is drawn again with.
// eslint-disable-next-line no-control-regex
const REDRAWS = /\u001b\[\d+A\u001b\[0J/g
// eslint-disable-next-line no-control-regex
const ESCAPE = /\u001b/

describe('the table of verbs', () => {
  it('has every verb of the program', () => {
    const program = new Command('hms-svc')
    defineVerbs(program, new Session(ioForTest(), program, runCli))
    const inTable = CASES.map(([argv]) => `${argv.join(' ')} `)
    expect(leavesOf(program).filter((verb) => !inTable.some((line) => line.startsWith(`${verb} `)))).toEqual([])
  })

  it('has every exit code', () => {
    const codes = [...new Set(CASES.map(([, code]) => code))]
    expect(codes.toSorted((a, b) => a - b)).toEqual(Object.values(EXIT).toSorted((a, b) => a - b))
  })
})

/** But what the scripts of `completion` call. */
function leavesOf(command: Command): string[] {
  return command.commands
    .filter((child) => !child.name().startsWith('__'))
    .flatMap((child) => (child.commands.length === 0 ? [child.name()] : leavesOf(child).map((verb) => `${child.name()} ${verb}`)))
}

describe('every verb, however it is called', () => {
  const scratch = scratchFolder()
  const filled: Record<string, string> = { assets: ASSETS, policies: join(ASSETS, 'policies'), epa: 'epa-pm25-limit' }
  let dev: Served
  let broken: CannedService
  let env: Record<string, string>

  const ended: Record<string, (argv: string[]) => Promise<Finished>> = {
    'in a pipe': (argv) => hms(placed(argv), env),
    'with --json': (argv) => hms(placed([...argv, '--json']), env),
    'with --quiet': (argv) => hms(placed([...argv, '--quiet']), env),
    'on a terminal': (argv) => hmsOnTerminal(placed(argv), env),
  }
  const placed = (argv: string[]): string[] => argv.map(place)
  const place = (word: string): string => word.replace(/\{(\w+)\}/, (_, name: string) => (name === 'own' ? own() : filled[name]!))
  const own = (): string => join(scratch.path, randomUUID())

  beforeAll(async () => {
    const port = await freePort()
    const data = join(scratch.path, 'data')
    mkdirSync(data)
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_PORT: String(port), HMS_DATA_DIR: data }
    broken = await serveCanned({
      'GET /v1/policies': { status: 500, body: { code: 'HMS_TEST_BROKEN', detail: 'a bug', status: 500, next: [] } },
    })
    filled['broken'] = broken.url
    for (const [name, text] of Object.entries(FILES)) {
      filled[name] = join(scratch.path, `${name}.${name === 'corpus' ? 'csv' : 'yaml'}`)
      writeFileSync(filled[name], text)
    }
    dev = Served.start(['dev'], env)
    await until('dev is ready', () => ready(env['HMS_URL']!), 300_000)
    await approved([join(ASSETS, 'policies/pm25-1.5.0.yaml'), ...PROMPT])
    for (const name of ['observing', 'paused', 'aborted', 'unsigned'])
      filled[name] = await started(filled[name]!, name.toUpperCase(), name === 'unsigned')
    for (const [name, verb] of [
      ['paused', 'pause'],
      ['aborted', 'abort'],
    ] as const)
      await call(['runs', verb, filled[name]!, '--reason', 'a drill', '--sign', 'EPA Chief'])
    filled['waiting'] = (await read<ApprovalView[]>('/v1/approvals')).find(({ run }) => String(run) === filled['unsigned'])!.digest
    // What scenarios name has to be there: the table's order is nobody's.
    await call(['corpora', 'add', filled['corpus']!, '--id', 'two-days', '--map', 'at=date,pm25=pm25_ug_m3'])
    await keepProofs()
  }, 900_000)
  afterAll(async () => {
    await dev.stop()
    await broken.close()
    scratch.remove()
  })

  async function call(argv: string[]): Promise<Finished> {
    const ran = await hms(argv, env)
    expect(ran.code, argv.join(' ') + ran.stdout + ran.stderr).toBe(0)
    return ran
  }
  const approved = (argv: string[]): Promise<Finished> => call(['approve', '--sign', 'EPA Chief', ...argv])

  /** The number of a run of this policy that rests in its canary, one a region, or that waits for a second signature. */
  async function started(file: string, region: string, isWaiting: boolean): Promise<string> {
    const { stdout } = await approved([file, ...SLOWLY, '--scope', `region:${region}`, '--json'])
    const { run } = JSON.parse(stdout) as ApprovalView
    const rests = isWaiting ? 'AWAITING_APPROVAL' : 'CANARY'
    await until(`${file} is ${rests}`, async () => (await read<RunView>(`/v1/runs/${run}`)).state === rests, 300_000)
    return String(run)
  }
  async function read<T>(path: string): Promise<T> {
    return (await fetch(`${env['HMS_URL']}${path}`)).json() as Promise<T>
  }

  /** A bundle, the roster that it is checked by, and the same bundle with one byte changed. */
  async function keepProofs(): Promise<void> {
    for (const name of ['bundle', 'roster', 'tampered']) filled[name] = join(scratch.path, name)
    await call(['audit', 'bundle', 'epa-pm25-limit', '--out', filled['bundle']!])
    writeFileSync(filled['roster']!, (await call(['roster', 'show', '--json'])).stdout)
    const text = readFileSync(filled['bundle']!, 'utf8')
    writeFileSync(
      filled['tampered']!,
      text.replace(/("sig": ?")(.)/, (_, before: string, first: string) => before + (first === 'A' ? 'B' : 'A')),
    )
  }

  describe.concurrent.each(DONE)('hms-svc %j', (argv, code, says) => {
    it('in a pipe prints lines without escapes', async () => {
      const ran = await ended['in a pipe']!(argv)
      expect(ran.code, ran.stdout + ran.stderr).toBe(code)
      expect(ran.stdout).toContain(says)
      expect(ran.stdout + ran.stderr).not.toMatch(ESCAPE)
    })

    it('with --json prints one value and nothing else', async () => {
      const ran = await ended['with --json']!(argv)
      expect(ran.code, ran.stderr).toBe(code)
      expect(() => JSON.parse(ran.stdout) as unknown).not.toThrow()
      expect(ran.stdout.trimEnd().split('\n')).toHaveLength(1)
    })

    it('with --quiet says nothing beside', async () => {
      const ran = await ended['with --quiet']!(argv)
      expect([ran.code, ran.stderr]).toEqual([code, ''])
    })

    it('on a terminal it says the same, with colours, and redraws nothing but a run', async () => {
      const ran = await ended['on a terminal']!(argv)
      expect(ran.code, ran.stdout).toBe(code)
      const text = ran.stdout.replaceAll(COLOURS, '')
      expect(argv[1] === 'watch' ? text.replaceAll(REDRAWS, '') : text).not.toMatch(ESCAPE)
      expect(text).toContain(says)
    })
  })

  describe.concurrent.each(SCRIPTS)('hms-svc %j', (argv, code, says) => {
    it.each(Object.keys(ended))('%s prints the same', async (way) => {
      const ran = await ended[way]!(argv)
      expect(ran.code).toBe(code)
      expect(ran.stdout).toContain(says)
    })
  })

  describe.concurrent.each(RESTED)('hms-svc %j', (argv, code, says) => {
    it.each(Object.keys(ended))('%s ends with the code of the state, and shows the run', async (way) => {
      const ran = await ended[way]!(argv)
      expect(ran.code, ran.stdout + ran.stderr).toBe(code)
      if (way === 'with --quiet') return expect(ran.stdout).toBe('')
      if (way === 'with --json') expect(JSON.parse(ran.stdout)).toMatchObject({ run: Number(place(argv[2]!)) })
      expect(ran.stdout).toContain(says)
    })
  })

  describe.concurrent.each(JUDGED)('hms-svc %j', (argv, code) => {
    it.each(Object.keys(ended))('%s ends with 6', async (way) => {
      const ran = await ended[way]!(argv)
      expect(ran.code, ran.stdout + ran.stderr).toBe(code)
      if (way !== 'on a terminal') expect(ran.stdout + ran.stderr).not.toMatch(ESCAPE)
    })
  })

  describe.concurrent.each(UNTIL_INTERRUPTED)('hms-svc %j', (argv, code, says) => {
    it.each([[], ['--json'], ['--quiet']])('in a pipe with %j goes on until Ctrl-C, and ends with 130', async (...flags) => {
      const ran = await hmsInterrupted(placed([...argv, ...flags]), env, place(says))
      expect(ran.code, ran.stderr).toBe(code)
      expect(ran.stdout + ran.stderr).not.toMatch(ESCAPE)
      if (flags[0] === '--json') for (const line of ran.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toBeTypeOf('object')
      if (flags[0] === '--quiet') expect(ran.stderr).toBe('')
    })

    it('on a terminal likewise', async () => {
      const ran = await interruptedOnTerminal(placed(argv), env, place(says))
      expect(ran.code, ran.stdout).toBe(code)
      expect(ran.stdout.replaceAll(COLOURS, '')).not.toMatch(ESCAPE)
    })
  })

  describe.concurrent.each(REFUSED)('hms-svc %j', (argv, code, says) => {
    it.each(Object.keys(ended))('%s ends with its code and says why', async (way) => {
      const ran = await ended[way]!(argv)
      expect(ran.code, ran.stdout + ran.stderr).toBe(code)
      expect(way === 'on a terminal' ? ran.stdout : ran.stderr).toContain(says)
      if (way !== 'on a terminal') expect(ran.stdout + ran.stderr).not.toMatch(ESCAPE)
      if (way !== 'with --json') return
      expect(ran.stdout).toBe('')
      expect(JSON.parse(ran.stderr)).toMatchObject({ code: expect.stringContaining(says) as string, next: expect.any(Array) as unknown[] })
    })
  })

  describe.concurrent.each(EACH_APART)('hms-svc %j', (argv, code, says) => {
    it.each(Object.keys(ended))('%s says why of each', async (way) => {
      const ran = await ended[way]!(argv)
      expect(ran.code, ran.stdout + ran.stderr).toBe(code)
      expect(ran.stdout + ran.stderr).toContain(says)
      if (way === 'with --json') expect(JSON.parse(ran.stdout)).toEqual([])
    })
  })

  describe.concurrent.each(DOCTOR)('hms-svc %j', (argv, code, says) => {
    it.each(Object.keys(ended))('%s says what is wrong', async (way) => {
      const ran = await ended[way]!(argv)
      expect(ran.code, ran.stdout + ran.stderr).toBe(code)
      if (way === 'with --json') expect(JSON.parse(ran.stdout)).toMatchObject({ healthy: false })
      expect(ran.stdout).toContain(says)
    })
  })

  it('a terminal that nobody gave a size cuts nothing', async () => {
    expect((await hmsOnTerminal(['policies', 'list'], env, 0)).stdout).toContain('epa-pm25-limit')
  })

  it('a verb that is mistyped is named', async () => {
    expect((await hms(['polices', 'list'], env)).stderr).toContain('Did you mean policies?')
  })
})

function policyOf(id: string, more = ''): string {
  return `id: ${id}\nversion: 1.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n${more}`
}

/** By the name that stands for their path in the table. */
const FILES = {
  // Judged, not refused: it says nothing right.
  wrong: 'id: epa-pm25-limit\nversion: one\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n',
  observing: policyOf('far-limit'),
  paused: policyOf('near-limit'),
  aborted: policyOf('old-limit'),
  unsigned: policyOf('both-seats', 'tags: [critical]\n'),
  corpus: 'date,region,pm25_ug_m3\n2023-01-06,NCR,3.3\n2023-01-07,NCR,40\n',
  scenario: 'id: two-days\npolicies: [epa-pm25-limit]\ncorpus: two-days\nalert: reading.pm25 > double(policy["epa-pm25-limit"].limit)\n',
  schema: '{ "type": "object", "properties": { "limit": { "type": "number" } } }\n',
  partner:
    'id: far-away\nname: Far Away\nchannels:\n  - webhook: { url: "https://hooks.example/hms", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }\n',
  loopback:
    'id: here\nname: Here\nchannels:\n  - webhook: { url: "http://127.0.0.1:9/hms", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }\n',
}

/** Its start beside that of Node with nothing to do; a number for people, for a busy machine says nothing certain. */
it('says how long it takes to start', () => {
  const best = (argv: readonly string[]): number => {
    const times = Array.from({ length: 7 }, () => {
      const from = performance.now()
      expect(spawnSync(process.execPath, argv).status).toBe(0)
      return performance.now() - from
    })
    return Math.min(...times)
  }
  const [version, empty] = [best([BIN, 'version']), best(['--eval', ''])]
  const ratio = (version / empty).toFixed(2)
  process.stdout.write(`hms-svc version: ${version.toFixed(0)} ms, ${ratio} times an empty program (${empty.toFixed(0)} ms); at most 2.5\n`)
})
