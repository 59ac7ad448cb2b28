import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { AlertOptions } from './alert.js'
import type { GetOptions } from './get.js'
import type { RollbackOptions } from './rollback.js'

export function registerPolicies(program: Command, session: Session): void {
  program
    .command('get <id[.field]>')
    .description('the policy in force, or one value of it')
    .option('--region <region>', 'as a bot of this region sees it')
    .option('--bot <id>', 'as this bot sees it')
    .action(
      session.run(async (context, subject: string, options: GetOptions) => {
        const { getPolicyValue } = await import('./get.js')
        return getPolicyValue(context, subject, options)
      }),
    )
  program
    .command('rollback <id@version>')
    .description('bring an earlier version back, and wait until the bots have it')
    .option('--only', 'this policy alone, although it went live in a bundle')
    .option('--reason <text>', 'why, for the record')
    .action(
      session.run(async (context, subject: string, options: RollbackOptions) => {
        const { rollback } = await import('./rollback.js')
        return rollback(context, subject, options)
      }),
    )
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
