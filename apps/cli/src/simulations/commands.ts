import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerSimulations(program: Command, session: Session): void {
  program
    .command('simulations')
    .description('replays of runs')
    .command('show <run>')
    .description('what the replay of a run found, bot by bot')
    .option('--report <file>', 'writes the impact as an HTML page that opens without the network')
    .action(
      session.run(async (context, run: string, options: { report?: string }) =>
        (await import('./show.js')).showSimulation(context, run, options),
      ),
    )
}
