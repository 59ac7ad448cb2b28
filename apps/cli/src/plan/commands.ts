import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerPlan(program: Command, session: Session): void {
  program
    .command('plan <files...>')
    .description('what approving these files would do: difference, lint, replay, bots; signs nothing')
    .option('--report <file>', 'writes the impact as an HTML page that opens without the network')
    .action(
      session.run(async (context, files: string[], options: { report?: string }) =>
        (await import('./plan.js')).planFiles(context, files, options),
      ),
    )
}
