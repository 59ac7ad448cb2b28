import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findProgram, inputOf, type PolicyChange, type ProgramEnd, runProgram } from './run-program.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-exec-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function script(name: string, body: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}
/** Whether the process runs. An ended process stays in the table until its parent reads the status. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync(`/proc/${pid}/stat`) || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
const CHANGE: PolicyChange = {
  id: 'epa-pm25-limit',
  from: '1.5.0',
  to: '2.0.0',
  revision: 5,
  value: { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, tags: ['air'], 'a-b': '$(id)', a_b: 1 },
}
const run = (program: string, options: { deadlineMs?: number; signal?: AbortSignal } = {}): Promise<ProgramEnd> => {
  const { stdin, variables } = inputOf(CHANGE)
  return runProgram({ program, stdin, environment: { PATH: '/usr/bin:/bin', ...variables }, deadlineMs: 30_000, ...options })
}

describe('a program run for a change', () => {
  it('gets the policy on stdin and its fields as variables, which no shell interprets', async () => {
    const out = join(folder, 'out')
    const program = script('keep', `cat >${out}; env | grep -E '^HMS_(POLICY|CHANGE)_' | sort >>${out}`)
    expect(await run(program)).toMatchObject({ code: 0, signal: null, timedOut: false })
    const [policy = '', ...variables] = readFileSync(out, 'utf8').trimEnd().split('\n')
    expect(JSON.parse(policy)).toEqual(CHANGE.value)
    expect(variables).toEqual([
      'HMS_CHANGE_FROM=1.5.0',
      'HMS_CHANGE_REVISION=5',
      'HMS_CHANGE_TO=2.0.0',
      'HMS_POLICY_A_B=$(id)',
      'HMS_POLICY_EFFECTIVE=2024-09-01T00:00:00Z',
      'HMS_POLICY_ID=epa-pm25-limit',
      'HMS_POLICY_LIMIT=25',
      'HMS_POLICY_TAGS=["air"]',
      'HMS_POLICY_VERSION=2.0.0',
    ])
  })

  it('reports its own exit code, even if it does not read stdin', async () => {
    expect(await run(script('fails', 'exit 3'))).toMatchObject({ code: 3, signal: null })
  })

  it('is ended at its deadline, with its child processes', async () => {
    const pid = join(folder, 'pid')
    const program = script('hangs', `sleep 600 & echo $! >${pid}; wait`)
    expect(await run(program, { deadlineMs: 1_000 })).toMatchObject({ code: null, signal: 'SIGTERM', timedOut: true })
    await expect.poll(() => runs(Number(readFileSync(pid, 'utf8')))).toBe(false)
  })

  it('is ended with child processes that ignore SIGTERM', async () => {
    const pid = join(folder, 'stubborn')
    const program = script('leaves', `(trap '' TERM; sleep 600 & echo $! >${pid}; wait) & wait`)
    expect(await run(program, { deadlineMs: 1_000 })).toMatchObject({ signal: 'SIGTERM', timedOut: true })
    await expect.poll(() => runs(Number(readFileSync(pid, 'utf8')))).toBe(false)
  })

  it('is ended when the signal is aborted', async () => {
    const stop = new AbortController()
    const ended = run(script('waits', 'sleep 600'), { signal: stop.signal })
    stop.abort()
    expect(await ended).toMatchObject({ signal: 'SIGTERM', timedOut: false })
  })

  it('reports why it could not be started', async () => {
    expect(await run(join(folder, 'none'))).toMatchObject({ code: null, error: expect.stringContaining('ENOENT') })
  })

  it('reports an error that the system throws instead of starting it', async () => {
    const environment = { ['N'.repeat(200_000)]: 'x' }
    const end = await runProgram({ program: script('big', ''), stdin: '', environment, deadlineMs: 30_000 })
    expect(end).toMatchObject({ code: null, signal: null, timedOut: false, error: expect.stringContaining('E2BIG') })
  })

  it('gets a field whose name is too long for a variable on stdin only', async () => {
    const field = 'n'.repeat(200_000)
    const out = join(folder, 'long')
    const { stdin, variables } = inputOf({ ...CHANGE, value: { ...CHANGE.value!, [field]: 1 } })
    const program = script('long-name', `cat >${out}`)
    const environment = { PATH: '/usr/bin:/bin', ...variables }
    expect(await runProgram({ program, stdin, environment, deadlineMs: 30_000 })).toMatchObject({ code: 0 })
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ [field]: 1, limit: 25 })
  })

  it('is found by its path or in PATH, and must be an executable file', () => {
    const program = script('there', '')
    expect(findProgram(program, undefined)).toBe(program)
    expect(findProgram('there', `/nonexistent:${folder}`)).toBe(program)
    writeFileSync(join(folder, 'plain'), '')
    for (const name of ['plain', 'none', folder, `${program} --flag`])
      expect(() => findProgram(name, folder)).toThrow('is not an executable program')
  })
})

describe('inputOf', () => {
  it('returns null and no fields if no version is in force', () => {
    const { stdin, variables } = inputOf({ ...CHANGE, to: null, value: null })
    expect(stdin).toBe('null\n')
    expect(variables).toEqual({ HMS_POLICY_ID: 'epa-pm25-limit', HMS_CHANGE_FROM: '1.5.0', HMS_CHANGE_TO: '', HMS_CHANGE_REVISION: '5' })
  })

  it('omits variables for fields that are too long or contain NUL', () => {
    const value = { id: 'a', version: '1.0.0', effective: '', long: 'x'.repeat(9_000), nul: 'a\0b', ['n'.repeat(9_000)]: 1 }
    expect(Object.keys(inputOf({ ...CHANGE, value }).variables).map((name) => name.slice(0, 40))).toEqual([
      'HMS_POLICY_ID',
      'HMS_POLICY_VERSION',
      'HMS_POLICY_EFFECTIVE',
      'HMS_CHANGE_FROM',
      'HMS_CHANGE_TO',
      'HMS_CHANGE_REVISION',
    ])
  })
})
