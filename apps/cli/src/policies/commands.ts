import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { AlertOptions } from './alert.js'
import type { GetOptions } from './get.js'

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
