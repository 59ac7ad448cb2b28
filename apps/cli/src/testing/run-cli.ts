import { readCliEnvironment } from '../cli.config.js'
import type { CliIo } from '../io.js'
import type { Sink } from '../output/output.js'
import { runCli } from '../program.js'

export interface CliRun {
  code: number
  stdout: string
  stderr: string
}

export interface CliFixture {
  env?: Record<string, string>
  /** Answers to hidden questions; with them standard input counts as a terminal. */
  answers?: string[]
  onQuestion?: (question: string) => void
  /** Called with a function that fires Ctrl-C, once a handler is registered. */
  interrupt?: (fire: () => void) => void
  /** Milliseconds since 1970; this machine's clock by default. */
  now?: () => number
}

/** Runs a command line against an injected environment; nothing of the real process leaks in. */
export async function runForTest(argv: readonly string[], fixture: CliFixture = {}): Promise<CliRun> {
  const texts = { stdout: '', stderr: '' }
  const code = await runCli(argv, ioForTest(fixture, texts))
  return { code, ...texts }
}

/** Creates an environment without a terminal; output is added to `texts`. */
export function ioForTest(fixture: CliFixture = {}, texts = { stdout: '', stderr: '' }): CliIo {
  const sink = (name: 'stdout' | 'stderr'): Sink => ({
    write: (text) => {
      texts[name] += text
    },
    isTerminal: false,
    columns: null,
  })
  const answers = [...(fixture.answers ?? [])]
  return {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    interactive: fixture.answers !== undefined,
    environment: readCliEnvironment({ HMS_DATA_DIR: '/nonexistent', ...fixture.env }),
    now: fixture.now ?? Date.now,
    every: () => () => undefined,
    onInterrupt: (callback) => {
      fixture.interrupt?.(callback)
      return () => undefined
    },
    onLine: () => () => undefined,
    askHidden: async (question) => {
      fixture.onQuestion?.(question)
      return answers.shift() ?? ''
    },
  }
}
