import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerLint(program: Command, session: Session): void {
  program
    .command('lint <files...>')
    .description('check policy files offline')
    .action(session.run(async (context, files: string[]) => (await import('./lint.js')).lintFiles(context, files)))
}
