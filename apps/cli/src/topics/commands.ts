import { Argument, type Command } from 'commander'
import type { Session } from '../session.js'
import type { TailFlags } from './tail.js'

export function registerList(topics: Command, session: Session): void {
  topics
    .command('list')
    .description('each topic: events a minute, how far its readers are behind, dead letters, size and purpose')
    .action(session.run(async (context) => (await import('./list.js')).listTopics(context)))
}

export function registerTail(topics: Command, session: Session): void {
  topics
    .command('tail')
    .description('events as they come, a line each, until Ctrl-C; of all topics that stages speak on, or of one')
    .addArgument(new Argument('[topic]', 'its name, or a part of it that no other has: canary'))
    .option('--from <time>', 'begin there: RFC 3339, or how long ago, `10m`; with what comes from now on without it')
    .option('--run <number>', 'of one run')
    .action(
      session.run(async (context, topic: string | undefined, flags: TailFlags) =>
        (await import('./tail.js')).tailTopics(context, topic, flags),
      ),
    )
}
