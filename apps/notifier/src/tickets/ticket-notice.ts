import type { LadderStep, Ticket, TicketAnswer } from '#libs/contracts'
import type { MessageContent } from '../channels/channel-sender.js'
import type { Notice } from '../delivery/notice.js'
import { ticketSubject } from '../delivery/told-policies.js'

/** `closed`: for everybody who was told. */
export type TicketNews = LadderStep | 'closed'

/** What people of one step of the ladder are told of a ticket; all of one ticket stand in one lane. */
export function ticketNotice(ticket: Ticket, news: TicketNews, at: string): Notice {
  const { ticket: number, run, digest, openedAt } = ticket
  const told = { policy: ticketSubject(number), version: news, digest }
  const type: MessageContent['type'] = news === 'closed' ? 'ticket.closed' : 'ticket.opened'
  const nothing = { bundle: [], release: null, replaced: null }
  return {
    told,
    run,
    stage: null,
    message: { id: `ticket-${number}.${news}`, type, ...told, effective: openedAt, at, ...nothing, ticket },
    idFor: (partner) => `ticket_${number}_${news}_${partner}`,
    supersedes: () => [[]],
    body: (_supersedes, receipt) => JSON.stringify({ type, timestamp: at, data: { ...factsOf(ticket, news), receipt } }),
  }
}

function factsOf(ticket: Ticket, news: TicketNews): object {
  const { ticket: number, run, kind, state, reason, detail, allowed, openedAt, expiresAt, decided } = ticket
  const policies = ticket.policies.map(({ id, version }) => `${id}@${version}`)
  const about = { intent: 'ticket', ticket: number, run, kind, state, reason, detail, policies }
  return news === 'closed'
    ? { ...about, decided: decided && publicAnswer(decided) }
    : { ...about, step: news, allowed, openedAt, expiresAt }
}

/** What leaves the installation: the reason stays inside, and so does what was signed, which contains it. */
function publicAnswer({ decision, by, publicReason, at }: TicketAnswer): object {
  return { decision, by, ...(publicReason === undefined ? {} : { reason: publicReason }), at }
}
