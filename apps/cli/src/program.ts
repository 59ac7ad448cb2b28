import { Command, CommanderError, Option } from 'commander'
import { EXIT } from '#libs/contracts'
import { CliContext } from './context.js'
import { reportError, usageError } from './errors.js'
import { parseTimeout } from './flags.js'
import { outputOf, type CliIo } from './io.js'
import { BUILD } from './verbs/build.js'
import { CHECK } from './verbs/check.js'
import { DECIDE } from './verbs/decide.js'
import { HOST } from './verbs/host.js'
import { OPERATE } from './verbs/operate.js'
import { defineVerb, nameOf, type Verb } from './verbs/verb.js'
import { UNDO, WATCH } from './verbs/watch.js'

/** All verbs in the order of the help. */
export const VERBS: readonly Verb[] = [...DECIDE, ...WATCH, ...UNDO, ...CHECK, ...BUILD, ...HOST, ...OPERATE]

/** Runs one command line (without node and script) and returns its exit code. Never throws. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv[0] === '--version') return runCli(['version', ...argv.slice(1)], io)
  let exitCode: number = EXIT.done
  const program = defineProgram(io, (code) => (exitCode = code), argv)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
    // Commander has already printed the help if no verb was named.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage
    // If parsing failed, the program's own options may not have been read.
    const json = argv.includes('--json')
    const output = outputOf(io, { ...program.opts(), json })
    const failure = error instanceof CommanderError ? usageError(error.message.replace(/^error: /, '').replaceAll('\n', ' ')) : error
    return reportError(failure, output, verbIn(program, argv))
  }
}

/** Builds the program. If `line` begins with a verb, defines no other verb, to start faster. `ended` receives the verb's exit code. */
export function defineProgram(io: CliIo, ended: (code: number) => void = () => undefined, line: readonly string[] = []): Command {
  const program = new Command('hms-svc')
    .description('Signed policies become live rules, and can be taken back in seconds.')
    .option('--url <url>', 'address of the services (HMS_URL)')
    .option('--json', 'one JSON value on stdout, never a prompt')
    .option('--plain', 'append-only lines, no redrawing')
    .option('--quiet', 'nothing but data and errors')
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']))
    .addOption(new Option('--timeout <duration>', 'how long to wait, such as 90s or 5m').argParser(parseTimeout))
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: io.stdout.write, writeErr: io.stderr.write, outputError: () => undefined })
    .exitOverride()
    .showSuggestionAfterError()
  const called = VERBS.filter((verb) => nameOf(verb) === line[0])
  for (const verb of called.length > 0 ? called : VERBS) {
    defineVerb(program, verb, async (run, call) => {
      const code = await (await run())(new CliContext(io, program.opts(), () => defineProgram(io), runCli), ...(call as never[]))
      ended(code ?? EXIT.done)
    })
  }
  return program
}

/** Returns the verb of a command line; undefined if it names none. */
function verbIn(program: Command, argv: readonly string[]): string | undefined {
  const words: string[] = []
  let verb = program
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!
    const option = [...program.options, ...verb.options].find(({ short, long }) => word === short || word === long)
    if (option?.required === true) at++
    if (word.startsWith('-')) continue
    const named = verb.commands.find((command) => command.name() === word)
    if (named === undefined) break
    words.push(word)
    verb = named
  }
  return words.length === 0 ? undefined : words.join(' ')
}
