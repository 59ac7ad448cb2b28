import { Command, CommanderError, Option } from 'commander'
import { EXIT } from '#libs/contracts'
import { registerApprovals } from './approvals/commands.js'
import { registerAudit } from './audit/commands.js'
import { registerBreakGlass } from './break-glass/commands.js'
import { registerCompletion } from './completion/commands.js'
import { registerCoverage } from './coverage/commands.js'
import { registerDeadLetters } from './dead-letters/commands.js'
import { registerDoctor } from './doctor/commands.js'
import { registerExport } from './export/commands.js'
import { reportError, usageError } from './errors.js'
import { registerFreezes } from './freezes/commands.js'
import { registerGoingBack } from './rollback/commands.js'
import { registerHelp } from './help/commands.js'
import { describeVerbs } from './help/describe-verbs.js'
import { registerHosting } from './hosting/commands.js'
import { outputOf, type CliIo } from './io.js'
import { registerKeys } from './keys/commands.js'
import { registerLint } from './lint/commands.js'
import { registerPartners } from './partners/commands.js'
import { registerPlan } from './plan/commands.js'
import { registerBotTools, registerPolicies } from './policies/commands.js'
import { registerReplay } from './replay/commands.js'
import { registerRoster } from './roster/commands.js'
import { registerRuns } from './runs/commands.js'
import { Session } from './session.js'
import { registerSign } from './sign/commands.js'
import { registerSimulations } from './simulations/commands.js'
import { registerTickets } from './tickets/commands.js'
import { registerTokens } from './tokens/commands.js'
import { registerWatch } from './watch/commands.js'
import { registerWebhooks } from './webhooks/commands.js'
import { registerWhoami } from './whoami/commands.js'

/**
 * Verbs load their code when they are called: `--help` and `version` run without any service, database or sandbox code. The order is that
 * of the help.
 */
const AREAS = [
  registerPlan,
  registerApprovals,
  registerBreakGlass,
  registerSign,
  registerTickets,
  registerFreezes,
  registerRuns,
  registerSimulations,
  registerPolicies,
  registerWatch,
  registerCoverage,
  registerGoingBack,
  registerLint,
  registerAudit,
  registerExport,
  registerDoctor,
  registerWhoami,
  registerReplay,
  registerBotTools,
  registerHosting,
  registerPartners,
  registerWebhooks,
  registerDeadLetters,
  registerRoster,
  registerKeys,
  registerTokens,
  registerCompletion,
  registerHelp,
]

/** Runs one command line (without node and script) and returns its exit code. Never throws. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const program = new Command('hms-svc')
  const session = new Session(io, program, runCli)
  try {
    defineVerbs(program, session)
    await program.parseAsync([...argv], { from: 'user' })
    return session.exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
    // Commander has already printed the help if no verb was named.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage
    // If parsing failed, the program's own options may not have been read.
    const json = argv.includes('--json')
    const output = outputOf(io, { ...program.opts(), json })
    return reportError(error instanceof CommanderError ? ofCommander(error) : error, output, verbIn(program, argv))
  }
}

/** Registers all verbs, under the headings and with the examples of their help. */
export function defineVerbs(program: Command, session: Session): void {
  describeProgram(program, session.io)
  for (const register of AREAS) register(program, session)
  takeOneSigner(program)
  describeVerbs(program)
}

/**
 * Refuses repeated `--sign` flags: commander keeps the last of several values, and the other people would believe that they have signed.
 */
function takeOneSigner(verb: Command): void {
  for (const option of verb.options) {
    if (option.attributeName() !== 'sign' || option.variadic || option.parseArg !== undefined) continue
    option.argParser((name: string, before: string | undefined) => {
      if (before === undefined) return name
      throw usageError(`--sign is given twice, for "${before}" and for "${name}": each person signs by a call of their own`)
    })
  }
  for (const each of verb.commands) takeOneSigner(each)
}

function describeProgram(program: Command, io: CliIo): void {
  program
    .description('Signed policies become live rules, and can be taken back in seconds.')
    .option('--url <url>', 'address of the services (HMS_URL)')
    .option('--json', 'one JSON value on stdout, never a prompt')
    .option('--plain', 'append-only lines, no redrawing')
    .option('--quiet', 'nothing but data and errors')
    .addOption(new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']))
    .option('--timeout <duration>', 'how long to wait, such as 90s or 5m')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: io.stdout.write, writeErr: io.stderr.write, outputError: () => undefined })
    .exitOverride()
    .showSuggestionAfterError()
}

function ofCommander(error: CommanderError): Error {
  const detail = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  return usageError(detail)
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
