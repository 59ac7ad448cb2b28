import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { WatchOptions } from './watch-policies.js'

export function registerWatch(program: Command, session: Session): void {
  program
    .command('watch <ids...>')
    .description(
      'what is in force, and each change as it comes, until Ctrl-C (exit 130); --timeout is the longest wait for a first version: exit 4 ' +
        'without one, 11 without a server; then it goes on',
    )
    .option('--exec <program>', 'run it for the present version and each change: the policy as JSON on its stdin, no shell')
    .option('--exec-timeout <duration>', 'how long one run may take; 60s without it')
    .option('--region <region>', 'as a bot of this region sees it')
    .option('--bot <id>', 'as this bot, which then counts as a reader')
    .action(
      session.run(async (context, ids: string[], options: WatchOptions) => {
        const { watchPolicies } = await import('./watch-policies.js')
        return watchPolicies(context, ids, options)
      }),
    )
}
