import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { AlertOptions } from './alert.js'
import type { GetOptions } from './get.js'
import type { HistoryOptions } from './history.js'
import type { ListOptions } from './list.js'

export function registerPolicies(program: Command, session: Session): void {
  program
    .command('get <id[.field]>')
    .description('the policy in force, or one value of it')
    .option('--region <region>', 'as a bot of this region sees it')
    .option('--bot <id>', 'as this bot sees it')
    .option('--at <time>', 'what was in force for all at that time (RFC 3339)')
    .option('--known <time>', 'as it was known at that time')
    .option('--version <version>', 'what this version said')
    .action(
      session.run(async (context, subject: string, options: GetOptions) => {
        const { getPolicyValue } = await import('./get.js')
        return getPolicyValue(context, subject, options)
      }),
    )
  program
    .command('history <id>')
    .description('every version of a policy that was in force: run, signers, from and until')
    .option('--limit <number>', 'only the newest; all without it')
    .action(
      session.run(async (context, id: string, options: HistoryOptions) => (await import('./history.js')).showHistory(context, id, options)),
    )
  registerList(program, session)
}

/** Verbs for authors of bots. */
export function registerBotTools(program: Command, session: Session): void {
  program
    .command('types')
    .description('TypeScript declarations of the policies in force: a wrong id or field does not compile')
    .action(session.run(async (context) => (await import('./types.js')).printTypes(context)))
  program
    .command('alert')
    .description('report an alert as a bot would')
    .requiredOption('--bot <id>', 'who reports')
    .requiredOption('--region <region>', 'where')
    .requiredOption('--kind <kind>', 'such as Violation')
    .requiredOption('--value <value>', 'what was measured')
    .option('--reading <json>', 'the reading behind it, a JSON object')
    .option('--policy <id@version>', 'the policy the bot judged by')
    .action(session.run(async (context, options: AlertOptions) => (await import('./alert.js')).reportAlert(context, options)))
}

function registerList(program: Command, session: Session): void {
  const policies = program.command('policies').description('policies in force')
  policies
    .command('list')
    .description('what is in force, since when, and who approved it')
    .option('--region <region>', 'as a bot of this region sees it')
    .option('--bot <id>', 'as this bot sees it')
    .action(session.run(async (context, options: ListOptions) => (await import('./list.js')).listPolicies(context, options)))
  policies
    .command('restore <id>')
    .description('bring database and topic of state back to what is signed, where a stored document does not verify')
    .option('--reason <text>', 'why, for the log of config-store')
    .action(
      session.run(async (context, id: string, options: { reason?: string }) =>
        (await import('./restore.js')).restorePolicy(context, id, options),
      ),
    )
}
