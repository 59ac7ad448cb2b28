import type { ApiClient } from '#libs/client'
import { EXIT, explain, notifiedSteps, type DeliveryView, type Ticket } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parseTicketNumber } from './ticket-number.js'

export async function showTicket(context: CliContext, text: string): Promise<number> {
  const client = await context.client()
  const ticket = await client.get('/v1/tickets/{number}', { number: parseTicketNumber(text) })
  const deliveries = context.output.mode === 'json' ? undefined : await deliveriesOf(client, ticket)
  context.output.data(ticket, () => describeTicket(ticket, deliveries))
  return EXIT.done
}

/** Returns the deliveries of a ticket; `undefined` if they cannot be read. */
export async function deliveriesOf(client: ApiClient, { ticket }: Ticket): Promise<DeliveryView[] | undefined> {
  try {
    return await client.get('/v1/deliveries', { policy: `ticket:${ticket}` })
  } catch {
    return undefined
  }
}

export function describeTicket(ticket: Ticket, deliveries?: readonly DeliveryView[]): string[] {
  const { ticket: number, kind, state, run, attempt, policies, reason, detail, openedAt, expiresAt, decided, allowed } = ticket
  const lines = [
    `TICKET ${number}  ${kind}  ${state}`,
    `  run #${run}, attempt ${attempt}: ${policies.map(({ id, version }) => `${id}@${version}`).join(', ')}`,
    `  ${explain(reason, detail)}`,
    `  opened ${openedAt}`,
    ...notifiedSteps(ticket, deliveries).map(({ to, at, partners }) => `  notified ${to} ${at}: ${partners}`),
    ...(ticket.overdueAt === undefined
      ? []
      : [`  overdue since ${ticket.overdueAt}: ${(ticket.actors ?? []).join(' and ')} approve nothing`]),
  ]
  if (decided !== null) return [...lines, `  ${decided.decision} by ${decided.by} ${decided.at}: ${decided.reason}`]
  if (state !== 'OPEN') return lines
  return [
    ...lines,
    `  ${kind === 'BREAK_GLASS_REVIEW' ? 'due' : 'expires'} ${expiresAt}`,
    `  next: hms-svc tickets decide ${number} --decision ${allowed.join('|')} --reason TEXT --sign NAME`,
    `        hms-svc audit log --run ${run}`,
    ...(kind === 'UNDELIVERED' ? [`        hms-svc partners redrive --failed --reason TEXT`] : []),
  ]
}
