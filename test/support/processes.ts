import { spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { killWithParent } from './broker/parent-watch.js'
import { cleanEnvironment } from './processes.config.js'

/** The compiled CLI: system tests run what users run. */
export const BIN = fileURLToPath(new URL('../../dist/apps/cli/src/main.js', import.meta.url))

export interface Finished {
  code: number
  stdout: string
  stderr: string
}

/** Runs one command line to its end. `bin`: the CLI of another build. */
export function hms(argv: string[], env: Record<string, string>, timeoutMs = 120_000, bin = BIN): Promise<Finished> {
  return finished(process.execPath, [bin, ...argv], env, timeoutMs)
}

/** Runs a command that does not end by itself, and interrupts it once `isTime(stdout)` is true. */
export function hmsInterrupted(
  argv: string[],
  env: Record<string, string>,
  isTime: (stdout: string) => boolean,
  timeoutMs = 120_000,
): Promise<Finished> {
  return finished(process.execPath, [BIN, ...argv], env, timeoutMs, { isTime, by: 'signal' })
}

/** When and how to interrupt a program: once, as soon as `isTime` accepts its stdout so far. */
export interface Interruption {
  isTime(stdout: string): boolean
  /** How Ctrl-C is sent: as SIGINT, or as a key to a program on a terminal. */
  by: 'signal' | 'key'
}

/** Runs a program to its end. Its stdin is empty, except for an interruption by key. */
export function finished(
  program: string,
  argv: readonly string[],
  env: Record<string, string>,
  timeoutMs: number,
  interruption?: Interruption,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      env: { ...cleanEnvironment(), ...env },
      stdio: [interruption?.by === 'key' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    })
    const out = { stdout: '', stderr: '' }
    let isInterrupted = false
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      out.stdout += chunk
      if (interruption === undefined || isInterrupted || !interruption.isTime(out.stdout)) return
      isInterrupted = true
      if (interruption.by === 'key') child.stdin!.write(CTRL_C)
      else child.kill('SIGINT')
    })
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (out.stderr += chunk))
    const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(late)
      resolve({ code: code ?? 137, ...out })
    })
  })
}

const CTRL_C = '\u0003'

/** Maximum characters kept of a process's output; only its end is kept. */
const KEPT_OUTPUT = 256 * 1024

/** A process that serves until it is stopped or killed; it never outlives the test process. */
export class Served {
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>

  private constructor(
    private readonly child: ChildProcess,
    private readonly log: { text: string },
  ) {
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal ?? 1)))
  }

  /** `bin`: the CLI of another build, or another program for Node. */
  static start(argv: string[], env: Record<string, string>, bin = BIN): Served {
    const child = spawn(process.execPath, [bin, ...argv], { env: { ...cleanEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const log = { text: '' }
    const keep = (chunk: string): void => {
      log.text += chunk
      if (log.text.length > 2 * KEPT_OUTPUT) log.text = log.text.slice(-KEPT_OUTPUT)
    }
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', keep)
    if (child.pid !== undefined) child.once('exit', killWithParent(child.pid))
    return new Served(child, log)
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('it never started')
    return this.child.pid
  }

  get output(): string {
    return this.log.text
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  kill(): Promise<void> {
    return this.signal('SIGKILL')
  }

  stop(): Promise<void> {
    return this.signal('SIGTERM')
  }

  /** Freezes it: its connections stay open, and it does not respond. */
  freeze(): void {
    this.child.kill('SIGSTOP')
  }

  thaw(): void {
    this.child.kill('SIGCONT')
  }

  private async signal(signal: NodeJS.Signals): Promise<void> {
    if (this.ended) return
    this.child.kill(signal)
    await this.exited
  }
}

/** Resolves when the condition holds; rejects with `what` after the time is over. For processes that cannot call back. */
export async function until(what: string | (() => string), holds: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not after ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`)
    await nextLook()
  }
}

export function ready(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    (response) => response.ok,
    () => false,
  )
}

export { freePort } from './broker/free-ports.js'

/** Temporary folder that the database's user may enter. */
export function scratchFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'hms-test-'))
  chmodSync(path, 0o755)
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

const LOOK_EVERY_MS = 100

function nextLook(): Promise<void> {
  return new Promise((resolve) => {
    globalThis.setTimeout(resolve, LOOK_EVERY_MS)
  })
}
