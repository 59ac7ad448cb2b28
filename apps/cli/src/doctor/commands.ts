import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerDoctor(program: Command, session: Session): void {
  program
    .command('doctor')
    .description('what is wrong with this system, and what to do')
    .action(session.run(async (context) => (await import('./doctor.js')).runDoctor(context)))
}
