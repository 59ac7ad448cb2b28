import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerRuns(program: Command, session: Session): void {
  const runs = program.command('runs').description('runs of the press: state and timeline')
  runs
    .command('list')
    .description('all runs, the newest first')
    .action(session.run(async (context) => (await import('./list.js')).listRuns(context)))
  runs
    .command('show <number>')
    .description('one run, stage by stage')
    .action(session.run(async (context, number: string) => (await import('./show.js')).showRun(context, number)))
  runs
    .command('watch <number>')
    .description('follow a run until it rests; the exit code says how it ended')
    .action(session.run(async (context, number: string) => (await import('./watch.js')).watchRun(context, number)))
}
