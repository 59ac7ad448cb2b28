import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerWhoami(program: Command, session: Session): void {
  program
    .command('whoami')
    .description('identity this machine signs and calls with, the roster it trusts, and the setting of each')
    .action(session.run(async (context) => (await import('./whoami.js')).showWhoami(context)))
}
