import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { ConnectionEvents, PolicyValue } from '#libs/client'
import { usageError } from '../errors.js'

/** Change of the policy in force for this reader. `value` is `null` if no version is in force. */
export type PolicyChange = ConnectionEvents['change'] & { value: PolicyValue | null }

/** Maximum length of a variable's name and text. Linux accepts 128 KiB in one; all must fit beside the existing environment. */
const MAX_VARIABLE_CHARACTERS = 8 * 1024
const MAX_VARIABLES = 200

/** Returns the policy as JSON for stdin and its fields as `HMS_POLICY_<FIELD>`. Fields beyond limits and duplicates are only on stdin. */
export function inputOf({ id, from, to, revision, value }: PolicyChange): { stdin: string; variables: Record<string, string> } {
  const variables: Record<string, string> = { HMS_POLICY_ID: id }
  for (const [field, member] of Object.entries(value ?? {}).slice(0, MAX_VARIABLES)) {
    const name = `HMS_POLICY_${field.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`
    const text = typeof member === 'string' ? member : JSON.stringify(member)
    const fits = name.length + text.length <= MAX_VARIABLE_CHARACTERS && !text.includes('\0')
    if (fits && !Object.hasOwn(variables, name)) variables[name] = text
  }
  const change = { HMS_CHANGE_FROM: from ?? '', HMS_CHANGE_TO: to ?? '', HMS_CHANGE_REVISION: String(revision) }
  return { stdin: `${JSON.stringify(value)}\n`, variables: { ...variables, ...change } }
}

export interface ProgramRun {
  /** Result of `findProgram`. */
  program: string
  stdin: string
  environment: Readonly<Record<string, string | undefined>>
  deadlineMs: number
  signal?: AbortSignal
}

/** Result of a program. A program that could not be started has `error`, and neither code nor signal. */
export interface ProgramEnd {
  code: number | null
  signal: string | null
  seconds: number
  timedOut: boolean
  error?: string
}

/** Time in ms between SIGTERM and SIGKILL. */
const GRACE_MS = 5_000
const POLL_MS = 50

/** Returns the path of an executable program. Throws 400 if there is none, before anything is watched. */
export function findProgram(name: string, path: string | undefined): string {
  const candidates = name.includes('/')
    ? [name]
    : (path ?? '').split(delimiter).flatMap((folder) => (folder === '' ? [] : join(folder, name)))
  const found = candidates.find(isProgram)
  if (found !== undefined) return found
  throw usageError(`--exec ${name} is not an executable program: name one file, without arguments`, [`chmod +x ${name}`])
}

/** Runs a program without a shell, so that no value is read as a command. Its output goes to stderr. Never rejects. */
export function runProgram({ program, stdin, environment, deadlineMs, signal }: ProgramRun): Promise<ProgramEnd> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    let timedOut = false
    const end = (code: number | null, by: string | null, error?: string): void => {
      clearTimeout(deadline)
      clearTimeout(grace)
      signal?.removeEventListener('abort', stop)
      const seconds = Math.round(performance.now() - startedAt) / 1_000
      resolve({ code, signal: by, seconds, timedOut, ...(error === undefined ? {} : { error }) })
    }
    const child = start(program, environment)
    if (child instanceof Error) return resolve({ code: null, signal: null, seconds: 0, timedOut: false, error: child.message })
    let grace: NodeJS.Timeout | undefined
    const stop = (): void => {
      killGroup(child, 'SIGTERM')
      grace ??= setTimeout(() => {
        grace = undefined
        killGroup(child, 'SIGKILL')
      }, GRACE_MS)
    }
    const deadline = setTimeout(() => {
      timedOut = true
      stop()
    }, deadlineMs)
    signal?.addEventListener('abort', stop)
    child.once('error', (error) => end(null, null, error.message))
    // A child process may ignore SIGTERM and outlive a stopped program.
    const exited = (code: number | null, by: string | null): void => {
      if (grace === undefined || !killGroup(child, 0)) end(code, by)
      else setTimeout(exited, POLL_MS, code, by)
    }
    child.once('exit', exited)
    // A program need not read its input.
    child.stdin!.on('error', () => {})
    child.stdin!.end(stdin)
    if (signal?.aborted === true) stop()
  })
}

/** Starts the process. Node reports some failures as an event and throws others, such as an environment that is too large. */
function start(program: string, environment: ProgramRun['environment']): ChildProcess | Error {
  try {
    // A process group of its own, so that its children are stopped with it.
    return spawn(program, [], { detached: true, stdio: ['pipe', 2, 2], env: { ...environment }, shell: false })
  } catch (error) {
    return error as Error
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false
  try {
    return process.kill(-child.pid, signal)
  } catch {
    // It has ended, or the system has no process groups.
    return child.kill(signal)
  }
}

/** Runs one program at a time. Meanwhile, only the newest change of each policy is kept, so no program runs for an outdated one. */
export class ProgramQueue {
  private readonly waiting = new Map<string, PolicyChange>()
  private running: Promise<void> | undefined
  private closed = false

  /** `run` must not reject. */
  constructor(private readonly run: (change: PolicyChange) => Promise<void>) {}

  push(change: PolicyChange): void {
    // Moves the policy to the end of the queue, so that policies are in the order of their newest changes.
    this.waiting.delete(change.id)
    this.waiting.set(change.id, change)
    this.running ??= this.runAll()
  }

  /** Drops waiting changes. Resolves once no program is running. */
  async close(): Promise<void> {
    this.closed = true
    await this.running
  }

  private async runAll(): Promise<void> {
    for (let next = this.next(); next !== undefined && !this.closed; next = this.next()) {
      this.waiting.delete(next.id)
      await this.run(next)
    }
    // In the same turn, because a change pushed in between would start no program.
    this.running = undefined
  }

  private next(): PolicyChange | undefined {
    return this.waiting.values().next().value
  }
}
