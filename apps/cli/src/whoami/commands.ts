import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerWhoami(program: Command, session: Session): void {
  program
    .command('whoami')
    .description('as whom this machine signs and calls, whom it trusts, and which setting says so')
    .action(session.run(async (context) => (await import('./whoami.js')).showWhoami(context)))
}
