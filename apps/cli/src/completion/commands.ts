import { Argument, type Command } from 'commander'
import { EXIT } from '#libs/contracts'
import type { Session } from '../session.js'

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const

export function registerCompletion(program: Command, session: Session): void {
  program
    .command('completion')
    .description('a script that completes verbs, options, policies, runs and signers in a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(
      session.run(async ({ io, output }, shell: (typeof SHELLS)[number]) => {
        const { SCRIPTS } = await import('./scripts.js')
        const script = SCRIPTS[shell]
        if (output.mode === 'json') output.data({ shell, script }, () => [])
        else io.stdout.write(script)
        return EXIT.done
      }),
    )
  program
    .command('__complete <line>', { hidden: true })
    .description('what fits at the end of a line; the scripts of `completion` call it')
    .action(
      session.run(async (context, line: string) => {
        const { completeLine } = await import('./complete.js')
        return completeLine(context, program, line)
      }),
    )
}
