import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { DiscardOptions } from './discard.js'
import type { ListOptions } from './list.js'

export function registerDeadLetters(program: Command, session: Session): void {
  const dlq = program.command('dlq').description('dead letters: messages that a service gave up')
  dlq
    .command('list')
    .description('letters that wait, the newest first; of every service')
    .option('--service <name>', 'of one service')
    .option('--all', 'also ignored, replayed and discarded ones')
    .action(session.run(async (context, options: ListOptions) => (await import('./list.js')).listDeadLetters(context, options)))
  dlq
    .command('show <id>')
    .description('one letter with what came; `ID` or `SERVICE/ID`')
    .action(session.run(async (context, id: string) => (await import('./show.js')).showDeadLetter(context, id)))
  dlq
    .command('replay <id...>')
    .description('hand letters to their services again; what cannot be handled still waits')
    .action(session.run(async (context, ids: string[]) => (await import('./replay.js')).replayDeadLetters(context, ids)))
  dlq
    .command('discard <id...>')
    .description('end letters without an effect; letter and reason are kept')
    .requiredOption('--reason <text>', 'why')
    .action(
      session.run(async (context, ids: string[], options: DiscardOptions) =>
        (await import('./discard.js')).discardDeadLetters(context, ids, options),
      ),
    )
}
