import type { Command } from 'commander'
import type { ResubscribeRequest } from '#libs/contracts'
import type { Session } from '../session.js'
import type { DeliveriesOptions } from './deliveries.js'
import type { RedriveOptions } from './redrive.js'
import type { TestOptions } from './test.js'

export function registerPartners(program: Command, session: Session): void {
  const partners = program.command('partners').description('partners notified when a policy goes live')
  partners
    .command('add <file>')
    .description('register a partner; `env:NAME` and `file:PATH` secrets are read here')
    .action(session.run(async (context, file: string) => (await import('./add.js')).addPartner(context, file)))
  partners
    .command('list')
    .description('registered partners')
    .action(session.run(async (context) => (await import('./list.js')).listPartners(context)))
  partners
    .command('test <id>')
    .description('send a test message by each channel of a partner, now')
    .option('--channel <name>', 'one channel, as `partners list` names it')
    .option('--explain', 'where a webhook refuses our signature, find out what its receiver gets wrong: id, time, body or secret')
    .action(session.run(async (context, id: string, options: TestOptions) => (await import('./test.js')).testPartner(context, id, options)))
  partners
    .command('resubscribe <id>')
    .description('send mail again to an address that unsubscribed')
    .requiredOption('--address <address>', 'which one, as `partners list` names it')
    .requiredOption('--reason <text>', 'why; it stands in the trail')
    .action(
      session.run(async (context, id: string, options: ResubscribeRequest) =>
        (await import('./resubscribe.js')).resubscribePartner(context, id, options),
      ),
    )
  registerDeliveries(partners, session)
}

function registerDeliveries(partners: Command, session: Session): void {
  partners
    .command('deliveries [id]')
    .description('what was sent, to all or to one: the newest first')
    .option('--run <number>', 'of one run')
    .option('--policy <id>', 'of one policy, `ID` or `ID@VERSION`')
    .option('--state <state>', 'pending, delivered, dead or superseded')
    .option('--since <time>', 'made since then, RFC 3339 or how long ago (`2h`)')
    .option('--limit <number>', 'at most so many, 500 unless given')
    .option('--before <id>', 'the page after this delivery')
    .action(
      session.run(async (context, id: string | undefined, options: DeliveriesOptions) =>
        (await import('./deliveries.js')).listDeliveries(context, id, options),
      ),
    )
  partners
    .command('delivery <id>')
    .description('one delivery with each try and what it showed: answer, address, certificate, key')
    .action(session.run(async (context, id: string) => (await import('./delivery.js')).showDelivery(context, id)))
  partners
    .command('redrive [id...]')
    .description('send deliveries again under the same message id: those named, or what was given up')
    .option('--failed', 'all that were given up, as the other options choose')
    .option('--partner <id>', 'to one partner')
    .option('--policy <id>', 'of one policy, `ID` or `ID@VERSION`')
    .option('--since <time>', 'given up since then, RFC 3339 or how long ago (`2h`)')
    .option('--until <time>', 'given up before then')
    .requiredOption('--reason <text>', 'why; it stands in the trail')
    .action(
      session.run(async (context, ids: string[], options: RedriveOptions) =>
        (await import('./redrive.js')).redriveDeliveries(context, ids, options),
      ),
    )
}
