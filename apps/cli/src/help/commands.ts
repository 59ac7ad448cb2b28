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
        if (verb === undefined) (await import('./topics.js')).showTopic(context, topic ?? '')
        else {
          const lines = helpOf(verb)
          context.output.data({ topic: verb.name(), lines }, () => lines)
        }
        return EXIT.done
      }),
    )
}

/** Returns the help of a verb with its examples, which commander adds when it prints. */
function helpOf(verb: Command): string[] {
  let text = ''
  verb.configureOutput({ writeOut: (part) => (text += part) })
  verb.outputHelp()
  return text.trimEnd().split('\n')
}
