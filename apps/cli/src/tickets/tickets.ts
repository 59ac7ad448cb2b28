import type { DeliveryView, Ticket, TicketDecision } from '#libs/contracts'
import { explain, MAX_TICKETS_LISTED, notifiedSteps, policyRefs } from '#libs/contracts'
import { signRunDecision } from '#libs/signing'
import type { CliContext } from '../context.js'
import { requireReason, usageError } from '../errors.js'
import { durationFlag } from '../flags.js'
import { findKey, openKey, type DecisionFlags } from '../keys/key-folder.js'

/** Lists open tickets; with `all` also closed ones. */
export async function listTickets(context: CliContext, { all = false }: { all?: boolean }): Promise<void> {
  const tickets = await context.get('/v1/tickets', all ? {} : { state: 'OPEN' })
  context.output.list(
    tickets,
    {
      TICKET: 'ticket',
      STATE: 'state',
      KIND: 'kind',
      RUN: ({ run }) => `#${run}`,
      EXPIRES: ({ state, expiresAt }) => (state === 'OPEN' ? expiresAt : null),
      POLICIES: ({ policies }) => policyRefs(policies),
      DETAIL: 'detail',
    },
    all ? 'No tickets.' : 'No open tickets.',
  )
  if (tickets.length === MAX_TICKETS_LISTED)
    context.output.note(`The newest ${MAX_TICKETS_LISTED} are shown; there may be older ones. One of them: hms-svc tickets show NUMBER`)
}

export async function showTicket(context: CliContext, text: string): Promise<void> {
  const ticket = await context.get('/v1/tickets/{number}', { number: parseTicketNumber(text) })
  const deliveries = context.output.mode === 'json' ? undefined : await deliveriesOf(context, ticket)
  context.output.data(ticket, () => describeTicket(ticket, deliveries))
}

/** Returns the deliveries of a ticket, which have `ticket:NUMBER` in place of a policy; `undefined` if they cannot be read. */
function deliveriesOf(context: CliContext, { ticket }: Ticket): Promise<DeliveryView[] | undefined> {
  return context.get('/v1/deliveries', { policy: `ticket:${ticket}` }).catch(() => undefined)
}

function describeTicket(ticket: Ticket, deliveries?: readonly DeliveryView[]): string[] {
  const { ticket: number, kind, state, run, attempt, policies, reason, detail, openedAt, expiresAt, decided, allowed } = ticket
  const lines = [
    `TICKET ${number}  ${kind}  ${state}`,
    `  run #${run}, attempt ${attempt}: ${policyRefs(policies)}`,
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

export interface TicketFlags extends DecisionFlags {
  decision: TicketDecision
  by?: string
}

/** Signs a decision on a ticket, bound to its run, attempt and release. Exit 5 if another person decided first. */
export async function decideTicket(context: CliContext, text: string, flags: TicketFlags): Promise<void> {
  const number = parseTicketNumber(text)
  const { decision, reason, publicReason } = flags
  requireReason(reason, 'tickets decide', publicReason)
  if ((decision === 'extend') !== (flags.by !== undefined))
    throw usageError('--by DURATION is of --decision extend, which needs it', ['hms-svc tickets decide --help'])
  const byMs = durationFlag('--by', flags.by)
  await findKey(context, flags.sign)
  const { run, attempt, digest: subject, policies } = await context.get('/v1/tickets/{number}', { number })
  // The run of a ticket is known from the service alone, and unlocking the key is the consent.
  context.output.note(`Signs: ${decision} run #${run}, attempt ${attempt} (${policyRefs(policies)}), ${subject}`) // guard: ticket-shown
  const signer = await openKey(context, flags)
  const more = { ...(decision === 'accept' ? { ticket: number } : {}), ...(byMs === undefined ? {} : { byMs }) }
  const at = new Date(context.io.now())
  const statement = await signRunDecision({ run, attempt, subject, decision, reason, publicReason, at, ...more }, signer)
  const ticket = await context.post('/v1/tickets/{number}/decisions', { statement }, { params: { number } })
  if (ticket.state === 'OPEN' && context.output.mode !== 'json')
    context.output.note(`Accepted. The stage that owns run #${run} applies it: hms-svc runs show ${run}`)
  const deliveries = await deliveriesOf(context, ticket)
  if (context.output.mode !== 'quiet') context.output.data(ticket, () => describeTicket(ticket, deliveries))
}

function parseTicketNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw usageError(`${JSON.stringify(text)} is no number of a ticket`, ['hms-svc tickets list'])
}
