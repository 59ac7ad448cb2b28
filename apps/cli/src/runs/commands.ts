import { Option, type Command } from 'commander'
import { RUN_DECISIONS, RUN_STATES, type RunDecisionName } from '#libs/contracts'
import type { Session } from '../session.js'
import type { DecideFlags } from './decide.js'
import type { ListOptions } from './list.js'
import { PASSPHRASE_FILE, PUBLIC_REASON, REASON } from '../signing-options.js'

const DECISIONS: Record<RunDecisionName, string> = {
  pause: 'pause a run in its canary, rollout or bake until it is resumed',
  resume: 'let a paused run ask its bots again',
  promote: 'let a run go on without the rest of its observation or bake, a paused one without the evidence that it lacks',
  extend: 'observe or bake for longer',
  retry: 'restart a paused run from lint, without its measurements',
  abort: 'end a run; what it published is taken back',
}

export function registerRuns(program: Command, session: Session): void {
  const runs = program.command('runs').description('runs of the pipeline: state and timeline')
  runs
    .command('list')
    .description('runs, the newest first; 100 unless --limit says otherwise')
    .option('--open', 'those that have not ended')
    .addOption(new Option('--state <state>', 'those in one state').choices(RUN_STATES))
    .option('--before <number>', 'those with a smaller number: where the next page begins')
    .option('--limit <number>', 'at most so many, up to 1000')
    .action(session.run(async (context, options: ListOptions) => (await import('./list.js')).listRuns(context, options)))
  runs
    .command('show <number>')
    .description('one run, stage by stage')
    .action(session.run(async (context, number: string) => (await import('./show.js')).showRun(context, number)))
  runs
    .command('watch <number>')
    .description('follow a run until it rests; the exit code says how it ended')
    .action(session.run(async (context, number: string) => (await import('./watch.js')).scheduleRunDeadline(context, number)))
  for (const decision of RUN_DECISIONS) {
    const command = runs
      .command(`${decision} <number>`)
      .description(DECISIONS[decision])
      .requiredOption(...REASON)
      .option(...PUBLIC_REASON)
      .requiredOption('--sign <name>', 'whose key signs')
      .option(...PASSPHRASE_FILE)
      .action(
        session.run(async (context, number: string, flags: DecideFlags) =>
          (await import('./decide.js')).decideOnRun(context, decision, number, flags),
        ),
      )
    if (decision === 'extend') command.requiredOption('--by <duration>', 'how much longer, such as 10m')
  }
}
