import { Option, type Command } from 'commander'
import type { CliContext } from '../context.js'
import { parseDurationFlag } from '../duration-flag.js'
import { usageError } from '../errors.js'
import type { Session } from '../session.js'
import { registerList, registerTail } from '../topics/commands.js'
import type { TopicsVerb } from './hosting.js'
import { EDGE_PORT } from '#libs/contracts'

interface PlaceFlags {
  port?: string
  data?: string
}

export function registerHosting(program: Command, session: Session): void {
  program
    .command('dev')
    .description('all services with an embedded database and bus, until Ctrl-C')
    .option('--port <number>', 'where to serve (HMS_PORT)')
    .option('--data <folder>', 'data folder (HMS_DATA_DIR)')
    .option('--reset', 'start with an empty data folder')
    .action(
      session.run(async (context, flags: PlaceFlags & { reset?: boolean }) => {
        const place = placeOf(context, flags)
        return (await import('./dev.js')).runDev({ ...place, reset: flags.reset === true })
      }),
    )
  program
    .command('demo')
    .description('the PM 2.5 story on a fleet of bots: from signature to partners')
    .option('--once', "end with the run's exit code")
    .option('--observe <duration>', 'how long the canary is watched')
    .option('--port <number>', 'where to serve (HMS_PORT)')
    .option('--data <folder>', 'data folder (HMS_DATA_DIR)')
    .action(
      session.run(async (context, flags: PlaceFlags & { once?: boolean; observe?: string }) => {
        const place = placeOf(context, flags)
        const observeMs = await parseDurationFlag('--observe', flags.observe)
        return (await import('./demo.js')).runDemo({ ...place, once: flags.once === true, observeMs, runCli: session.runCli })
      }),
    )
  program
    .command('serve [services...]')
    .description('the named services in this process; or edge, or witness, in one of its own')
    .option('--all', 'all of them')
    .action(
      session.run(async (context, services: string[], flags: { all?: boolean }) => {
        const all = flags.all === true
        if (services.length === 0 && !all) throw usageError('Name the services to run, or pass --all', ['hms-svc help serve'])
        return (await import('./serve.js')).runServe(services, { output: context.output, all })
      }),
    )
  registerSidecar(program, session)
  program
    .command('migrate')
    .description('bring the database schemas up to date')
    .action(session.run(async (context) => (await import('./migrate.js')).runMigrate({ output: context.output })))
  program
    .command('recover')
    .description('after a restore from a backup: number on above what readers saw, so that they follow again')
    .option('--ahead <number>', 'by how much; more than was given out since the backup', '100000')
    .option('--data <folder>', 'data folder of an embedded database (HMS_DATA_DIR)')
    .action(
      session.run(async (context, flags: { ahead: string; data?: string }) =>
        (await import('./recover.js')).runRecover({ output: context.output, ahead: flags.ahead, dataDir: flags.data }),
      ),
    )
  registerTopics(program, session)
}

function registerSidecar(program: Command, session: Session): void {
  program
    .command('sidecar')
    .description('local agent beside a service: verified policies on loopback, over one upstream connection')
    .option('--port <number>', 'where to answer (HMS_SIDECAR_PORT)')
    .addOption(new Option('--socket <path>', 'a Unix socket instead (HMS_SIDECAR_SOCKET)').conflicts('port'))
    .option('--write <template=file>', 'keep a file up to date: a template with {{ ID.FIELD }}', collectWrites, [])
    .option('--policies <ids>', 'hold these alone, separated by commas, not all there are (HMS_POLICIES)')
    .action(
      session.run(async (context, flags: { port?: string; socket?: string; write: WriteFlag[]; policies?: string }) => {
        const { port, socket, write } = flags
        const place = socket === undefined ? portPlace(port) : { socket }
        const policies = flags.policies?.split(',').map((id) => id.trim())
        const options = { output: context.output, url: context.options.url, place, policies, write, timeoutMs: await context.timeoutMs() }
        return (await import('./sidecar.js')).runSidecar(options)
      }),
    )
}

interface WriteFlag {
  template: string
  file: string
}

/** Splits at the first `=`: a template can be renamed to avoid one, the target file may not. */
function collectWrites(text: string, before: readonly WriteFlag[]): WriteFlag[] {
  const [, template, file] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (template === undefined || file === undefined)
    throw usageError(`--write ${text} is not TEMPLATE=FILE, such as --write limits.tpl=limits.env`, ['hms-svc sidecar --help'])
  return [...before, { template, file }]
}

function portPlace(flag: string | undefined): { port: number } | undefined {
  return flag === undefined ? undefined : { port: portOf(flag, '--port') }
}

function registerTopics(program: Command, session: Session): void {
  const topics = program.command('topics').description('topics of the bus')
  const register = (verb: TopicsVerb, description: string): void => {
    topics
      .command(verb)
      .description(description)
      .action(session.run(async (context) => (await import('./topics.js')).runTopics(verb, { output: context.output })))
  }
  registerList(topics, session)
  registerTail(topics, session)
  register('apply', 'make the broker match the catalogue')
  register('diff', 'what `apply` would change')
  topics
    .command('republish')
    .description('send again what the outboxes keep, after the broker lost some of it')
    .requiredOption('--since <time>', 'RFC 3339, or how long ago: 2h')
    .action(
      session.run(async (context, flags: { since: string }) =>
        (await import('./republish.js')).runRepublish({ output: context.output, since: flags.since }),
      ),
    )
}

function placeOf(context: CliContext, flags: PlaceFlags): { output: CliContext['output']; port: number; dataDir: string } {
  const { environment } = context.io
  return {
    output: context.output,
    port: parsePort(flags.port, environment.port),
    dataDir: flags.data ?? environment.dataDir,
  }
}

/** Returns `--port`, else HMS_PORT, else 7184. */
function parsePort(flag: string | undefined, variable: string | undefined): number {
  const text = flag ?? variable
  return text === undefined ? EDGE_PORT : portOf(text, flag === undefined ? 'HMS_PORT' : '--port')
}

/** `name`: name of the port in errors. */
function portOf(text: string, name: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port >= 1 && port <= 65_535) return port
  throw usageError(`${name} must be a port from 1 to 65535, not ${text}`)
}
