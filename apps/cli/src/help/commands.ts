import type { Command } from 'commander'
import { EXIT } from '#libs/contracts'
import type { Session } from '../session.js'

export function registerHelp(program: Command, session: Session): void {
  program
    .command('version')
    .description('version of this program')
    .action(session.run(async (context) => (await import('./version.js')).showVersion(context)))
  program
    .command('help [topic]')
    .description('a verb, or one of: exit-codes, environment, output')
    .action(
      session.run(async (context, topic: string | undefined) => {
        const verb = topic === undefined ? program : program.commands.find((command) => command.name() === topic)
        if (verb !== undefined) verb.outputHelp()
        else (await import('./topics.js')).showTopic(context, topic ?? '')
        return EXIT.done
      }),
    )
}
