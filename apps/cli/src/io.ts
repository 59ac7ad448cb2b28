import { Output, type OutputOptions, type Sink } from './output/output.js'
import type { CliEnvironment } from './cli.config.js'

/** Environment of the CLI; tests provide their own. */
export interface CliIo {
  stdout: Sink
  stderr: Sink
  /** Whether the user can be prompted: standard input is a terminal. */
  interactive: boolean
  environment: CliEnvironment
  /** Name by which the user's shell calls this program; `hms-svc` by default. */
  program?: string
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back every `ms` until the returned function is called. */
  every(ms: number, callback: () => void): () => void
  /** Makes Ctrl-C and SIGTERM, and with `orClosed` a closed output, call back until the returned function is called. */
  onInterrupt(callback: () => void, orClosed?: boolean): () => void
  /** Calls back at the next line of standard input, until the returned function is called. The end of the input is not a line. */
  onLine(callback: () => void): () => void
  /** Prompts on stderr and reads one line without echo. */
  askHidden(question: string): Promise<string>
}

/** Global flags, before or after any verb. */
export interface GlobalOptions extends OutputOptions {
  url?: string
  /** Time limit in ms. Without it, verbs that watch a resource have no limit. */
  timeout?: number
}

export function outputOf(io: CliIo, options: OutputOptions): Output {
  return new Output(io.stdout, io.stderr, options, io.environment, io.program)
}
