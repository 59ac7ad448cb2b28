import type { Command } from 'commander'
import { EXIT } from '#libs/contracts'
import { CliContext } from './context.js'
import type { CliIo, GlobalOptions } from './io.js'

/** One call of the CLI: connects actions of the program to its context and keeps the exit code. */
export class Session {
  exitCode: number = EXIT.done

  constructor(
    readonly io: CliIo,
    private readonly program: Command,
    /** Runs another command line, as a user would: for the demo. */
    readonly runCli: (argv: readonly string[], io: CliIo) => Promise<number>,
  ) {}

  /** Returns an action for commander: arguments of the verb, then its options, as commander passes them. */
  run<Args extends unknown[]>(verb: (context: CliContext, ...args: Args) => Promise<number>): (...args: Args) => Promise<void> {
    return async (...args) => {
      this.exitCode = await verb(new CliContext(this.io, this.program.opts<GlobalOptions>()), ...args)
    }
  }
}
