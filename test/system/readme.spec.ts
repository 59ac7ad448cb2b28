import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { cleanEnvironment } from '../support/processes.config.js'
import { BIN, freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

interface Step {
  command: string
  shown: string[]
}

/** What the README shows in `console` blocks, in order: a command and the lines it prints. */
const STEPS: Step[] = [...README.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block]) =>
  block!
    .split(/^\$ /m)
    .filter((part) => part !== '')
    .map((part) => {
      const [command, ...shown] = part.trimEnd().split('\n')
      return { command: command!, shown }
    }),
)

/** Numbers that a clock or the machine decides are anything; every other character counts. */
function pattern(line: string): RegExp {
  const masked = line
    .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replace(/\d+ sec$/, String.raw`\d+ sec`)
    .replace(/in \d+\\\.\d+ s,/, String.raw`in \d+\.\d+ s,`)
    .replace(/after \d+\\\.\d+ s/, String.raw`after \d+\.\d+ s`)
    .replaceAll(/after \d+ s/g, String.raw`after (?:\d+ min )?\d+ s`)
    .replace(/127\\\.0\\\.0\\\.1:\d+/, String.raw`127\.0\.0\.1:\d+`)
    .replace(/^ {2}Data {3}\S+/, String.raw`  Data   .*\.hms`)
    // The test has a folder and a port of its own, which `dev` then names.
    .replace(/^( {2}Next {3}| {9})(npx .*)$/, String.raw`$1(?:HMS_DATA_DIR=\S+ )?$2(?: --url http://127\.0\.0\.1:\d+)?`)
  return new RegExp(`^${masked}$`)
}

function expectLines(found: string, shown: readonly string[]): void {
  const lines = found.trimEnd().split('\n')
  for (const [index, line] of shown.entries()) expect(lines[index] ?? '(nothing)').toMatch(pattern(line))
  expect(lines).toHaveLength(shown.length)
}

/** The demo observes and bakes for twenty seconds by the clock; a busy machine takes its time with the rest. */
const PATIENCE_MS = 240_000

describe('the README', () => {
  const folder = scratchFolder()
  let dev: Served | undefined

  afterAll(async () => {
    await dev?.stop()
    folder.remove()
  })

  it('is short enough to be read', () => {
    expect(README.split('\n').length).toBeLessThanOrEqual(161)
  })

  it(
    'shows the demo as it runs',
    async () => {
      const { command, shown } = STEPS[0]!
      const env = { HMS_PORT: String(await freePort()), HMS_DATA_DIR: join(folder.path, 'demo') }
      const { code, stdout } = await shell(command, env)
      expect(code).toBe(0)
      const block = stdout.slice(stdout.indexOf('RUN #'))
      expectLines(block, shown)
    },
    PATIENCE_MS,
  )

  it(
    'shows a session with dev as it runs',
    async () => {
      const port = await freePort()
      const env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: join(folder.path, '.hms'), HMS_PORT: String(port) }
      const [start, ...steps] = STEPS.slice(1)
      expect(start!.command).toBe('npx hms-svc dev')
      dev = Served.start(['dev'], env)
      await until('dev is ready', () => ready(env.HMS_URL))
      expectLines(dev.output, start!.shown)
      for (const { command, shown } of steps) {
        const { code, stdout } = await shell(command, env)
        expect(code, command).toBe(0)
        expectLines(stdout, shown)
      }
    },
    PATIENCE_MS,
  )

  it('names verbs that the help lists', async () => {
    const { code, stdout } = await hms(['--help'], {})
    expect(code).toBe(0)
    for (const verb of ['dev', 'serve', 'migrate', 'topics', 'approve', 'rollback', 'get']) expect(stdout).toContain(verb)
  })
})

/** Runs a command line of the README in this checkout; `npx hms-svc` is the compiled CLI. */
function shell(command: string, env: Record<string, string>): Promise<{ code: number; stdout: string }> {
  const line = command.replace(/^npx hms-svc/, `"${process.execPath}" "${BIN}"`)
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', line], { cwd: ROOT, env: { ...cleanEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'ignore'] })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
    child.once('close', (code) => resolve({ code: code ?? 1, stdout }))
  })
}
