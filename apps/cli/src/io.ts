import { Output, type OutputOptions, type Sink } from './output/output.js'
import type { CliEnvironment } from './cli.config.js'

/** The world as the CLI sees it; tests bring their own. */
export interface CliIo {
  stdout: Sink
  stderr: Sink
  /** Whether the user can be prompted: standard input is a terminal. */
  interactive: boolean
  environment: CliEnvironment
  /** How the user's shell calls this program; `hms-svc` when left out. */
  program?: string
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back every `ms` until the returned function is called. */
  every(ms: number, callback: () => void): () => void
  /** Ctrl-C calls back instead of ending the process, until the returned function is called. */
  onInterrupt(callback: () => void): () => void
  /** Asks on stderr and reads one line that is not shown. */
  askHidden(question: string): Promise<string>
}

/** Flags that stand before or behind any verb. */
export interface GlobalOptions extends OutputOptions {
  url?: string
  /** As written, `90s`. */
  timeout?: string
}

export function outputOf(io: CliIo, options: OutputOptions): Output {
  return new Output(io.stdout, io.stderr, options, io.environment, io.program)
}
