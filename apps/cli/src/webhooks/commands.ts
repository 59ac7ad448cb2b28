import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { ListenOptions } from './listen.js'
import type { TriggerOptions } from './trigger.js'

export function registerWebhooks(program: Command, session: Session): void {
  const webhooks = program.command('webhooks').description('for developers of a partner: try a receiver of webhooks')
  webhooks
    .command('listen')
    .description('forward notifications of partners to a receiver, until Ctrl-C; continues where the last one ended')
    .requiredOption('--forward <url>', 'where each message is posted')
    .option('--partner <id>', 'only notifications of this partner')
    .option('--secret <secret>', '`whsec_…` to sign with (HMS_WEBHOOK_SECRET); one of its own unless given')
    .option('--from <time>', 'begin there, RFC 3339 or how long ago (`1h`)')
    .action(session.run(async (context, options: ListenOptions) => (await import('./listen.js')).listenForWebhooks(context, options)))
  webhooks
    .command('trigger <event>')
    .description('post a sample of `policy.updated` or `policy.withdrawn` to a receiver, signed as a real one')
    .requiredOption('--forward <url>', 'where it is posted')
    .option('--secret <secret>', '`whsec_…` to sign with (HMS_WEBHOOK_SECRET)')
    .action(
      session.run(async (context, event: string, options: TriggerOptions) =>
        (await import('./trigger.js')).triggerWebhook(context, event, options),
      ),
    )
}
