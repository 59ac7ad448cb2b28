import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../architecture/root.js'
import { BIN, freePort, hms, ready, scratchFolder, Served, until, type Finished } from '../support/processes.js'
import { hmsOnTerminal } from '../support/terminal.js'

const POLICIES = join(ROOT, 'apps/demo/assets/policies')
const NOBODY = 'http://127.0.0.1:9'

/** One call, how it ends, and what is said: on success on stdout as text, on failure the error's code. */
type Case = [argv: string[], code: number, says: string]

const DONE: Case[] = [
  [['version'], 0, 'hms-svc '],
  [['help', 'exit-codes'], 0, '130'],
  [['lint', join(POLICIES, 'pm25.yaml')], 0, ''],
  [['get', 'epa-pm25-limit.limit'], 0, '35'],
  [['policies', 'list'], 0, 'epa-pm25-limit'],
  [['history', 'epa-pm25-limit'], 0, '1.5.0'],
  [['coverage'], 0, ''],
  [['runs', 'list'], 0, 'epa-pm25-limit@1.5.0'],
  [['runs', 'show', '1'], 0, 'DEPLOYMENT SUCCESSFUL'],
  [['runs', 'watch', '1'], 0, 'DEPLOYMENT SUCCESSFUL'],
  [['approvals', 'list'], 0, ''],
  [['tickets', 'list'], 0, ''],
  [['freezes', 'list'], 0, ''],
  [['partners', 'list'], 0, ''],
  [['bots', 'list'], 0, ''],
  [['dlq', 'list'], 0, ''],
  [['topics', 'list'], 0, 'hms.approval.v1'],
  [['audit', 'log', '--run', '1'], 0, 'hms.approval.approved.v1'],
  [['keys', 'list'], 0, 'EPA Chief'],
  [['roster', 'show'], 0, 'EPA Chief'],
  [['whoami'], 0, ''],
  [['plan', join(POLICIES, 'pm25.yaml')], 0, '25'],
]

const REFUSED: Case[] = [
  [['polices'], 2, 'HMS_CLI_USAGE'],
  [['runs', 'show', 'x'], 2, 'HMS_CLI_USAGE'],
  [['lint', 'no-such-file.yaml'], 2, 'HMS_FILE_UNREADABLE'],
  [['get', 'no-such-policy'], 4, 'HMS_POLICY_NOT_FOUND'],
  [['runs', 'show', '99'], 4, 'HMS_RUN_NOT_FOUND'],
  [['approve', join(POLICIES, 'pm25-1.5.0.yaml'), '--sign', 'Nobody'], 3, 'HMS_KEY_NOT_FOUND'],
  [['approve', join(POLICIES, 'pm25-1.5.0.yaml'), '--sign', 'EPA Chief'], 5, 'HMS_'],
  [['get', 'epa-pm25-limit', '--url', NOBODY], 11, 'HMS_UNREACHABLE'],
  [['runs', 'watch', '1', '--url', NOBODY], 11, 'HMS_UNREACHABLE'],
]

/** Of a policy that says nothing right: judged, not refused. */
const WRONG = 'id: epa-pm25-limit\nversion: one\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n'

// Escapes that colour a text, the one kind that may stand in what is not redrawn.
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[\d+(?:;\d+)*m/g
// What a run that is watched is drawn again with.
// eslint-disable-next-line no-control-regex
const REDRAWS = /\u001b\[\d+A\u001b\[0J/g

describe('every verb, however it is called', () => {
  const scratch = scratchFolder()
  let dev: Served
  let env: Record<string, string>

  const ended: Record<string, (argv: string[]) => Promise<Finished>> = {
    'in a pipe': (argv) => hms(placed(argv), env),
    'with --json': (argv) => hms(placed([...argv, '--json']), env),
    'with --quiet': (argv) => hms(placed([...argv, '--quiet']), env),
    'on a terminal': (argv) => hmsOnTerminal(placed(argv), env),
  }
  const placed = (argv: string[]): string[] =>
    argv.map((word) => (/^(no-such-file|wrong)\.yaml$/.test(word) ? join(scratch.path, word) : word))

  beforeAll(async () => {
    const port = await freePort()
    const data = join(scratch.path, 'data')
    mkdirSync(data)
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_PORT: String(port), HMS_DATA_DIR: data }
    dev = Served.start(['dev'], env)
    await until('dev is ready', () => ready(env['HMS_URL']!), 120_000)
    const approved = await hms(
      ['approve', join(POLICIES, 'pm25-1.5.0.yaml'), '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch', '--quiet'],
      env,
    )
    expect(approved).toEqual({ code: 0, stdout: '', stderr: '' })
    writeFileSync(join(scratch.path, 'wrong.yaml'), WRONG)
  }, 300_000)
  afterAll(async () => {
    await dev.stop()
    scratch.remove()
  })

  describe.each(DONE)('hms-svc %j', (argv, code, says) => {
    it('in a pipe prints lines without escapes', async () => {
      const ran = await ended['in a pipe']!(argv)
      expect(ran.code, ran.stderr).toBe(code)
      expect(ran.stdout).toContain(says)
      expect(ran.stdout + ran.stderr).not.toContain('\u001b')
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
      expect(argv[1] === 'watch' ? text.replaceAll(REDRAWS, '') : text).not.toContain('\u001b')
      expect(text).toContain(says)
    })
  })

  describe.each([...REFUSED, [['lint', 'wrong.yaml'], 6, ''] satisfies Case])('hms-svc %j', (argv, code, says) => {
    it.each(Object.keys(ended))('%s ends with its code and says why', async (way) => {
      const ran = await ended[way]!(argv)
      expect(ran.code, ran.stdout + ran.stderr).toBe(code)
      expect(way === 'on a terminal' ? ran.stdout : ran.stderr).toContain(code === 6 ? '' : says)
      if (way !== 'on a terminal') expect(ran.stdout + ran.stderr).not.toContain('\u001b')
      if (way !== 'with --json' || code === 6) return
      expect(ran.stdout).toBe('')
      expect(JSON.parse(ran.stderr)).toMatchObject({ code: expect.stringContaining(says) as string, next: expect.any(Array) as unknown[] })
    })
  })

  it('a terminal that nobody gave a size cuts nothing', async () => {
    expect((await hmsOnTerminal(['policies', 'list'], env, 0)).stdout).toContain('epa-pm25-limit')
  })

  it('a verb that is mistyped is named', async () => {
    expect((await hms(['polices', 'list'], env)).stderr).toContain('Did you mean policies?')
  })
})

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
