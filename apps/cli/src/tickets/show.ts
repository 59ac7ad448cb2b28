import { EXIT, type Ticket } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parseTicketNumber } from './ticket-number.js'

export async function showTicket(context: CliContext, text: string): Promise<number> {
  const client = await context.client()
  const ticket = await client.get<Ticket>(`/v1/tickets/${parseTicketNumber(text)}`)
  context.output.data(ticket, () => describeTicket(ticket))
  return EXIT.done
}

export function describeTicket(ticket: Ticket): string[] {
  const { ticket: number, kind, state, run, attempt, policies, reason, detail, openedAt, expiresAt, told, decided, allowed } = ticket
  const lines = [
    `TICKET ${number}  ${kind}  ${state}`,
    `  run #${run}, attempt ${attempt}: ${policies.map(({ id, version }) => `${id}@${version}`).join(', ')}`,
    `  ${reason}${detail === '' ? '' : `: ${detail}`}`,
    `  opened ${openedAt}`,
    ...told.map(({ to, at }) => `  told ${to} ${at}`),
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
