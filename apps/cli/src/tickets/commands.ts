import { Option, type Command } from 'commander'
import { TICKET_DECISIONS } from '#libs/contracts'
import type { Session } from '../session.js'
import type { TicketFlags } from './decide.js'
import { PASSPHRASE_FILE, PUBLIC_REASON, REASON } from '../signing-options.js'

export function registerTickets(program: Command, session: Session): void {
  const tickets = program.command('tickets').description('questions to people: what automation stopped or took back')
  tickets
    .command('list')
    .description('tickets, the newest first')
    .option('--all', 'closed ones, too')
    .action(session.run(async (context, flags: { all?: boolean }) => (await import('./list.js')).listTickets(context, flags.all === true)))
  tickets
    .command('show <number>')
    .description('one ticket with its evidence and the notified partners')
    .action(session.run(async (context, number: string) => (await import('./show.js')).showTicket(context, number)))
  tickets
    .command('decide <number>')
    .description('answer a ticket; the first answer wins')
    .addOption(new Option('--decision <decision>', 'what is decided').choices(TICKET_DECISIONS).makeOptionMandatory())
    .requiredOption(...REASON)
    .option(...PUBLIC_REASON)
    .requiredOption('--sign <name>', 'whose key signs')
    .option('--by <duration>', 'of extend: how much longer, such as 10m')
    .option(...PASSPHRASE_FILE)
    .action(
      session.run(async (context, number: string, flags: TicketFlags) =>
        (await import('./decide.js')).decideTicket(context, number, flags),
      ),
    )
}
