import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerPartners(program: Command, session: Session): void {
  const partners = program.command('partners').description('who is told when a policy goes live')
  partners
    .command('add <file>')
    .description('register a partner; `env:NAME` and `file:PATH` secrets are read here')
    .action(session.run(async (context, file: string) => (await import('./add.js')).addPartner(context, file)))
  partners
    .command('list')
    .description('registered partners')
    .action(session.run(async (context) => (await import('./list.js')).listPartners(context)))
  partners
    .command('deliveries [id]')
    .description('what was sent, to all or to one')
    .action(session.run(async (context, id: string | undefined) => (await import('./deliveries.js')).listDeliveries(context, id)))
}
