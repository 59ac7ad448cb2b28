import type { LadderStep, Ticket, TicketAnswer } from '#libs/contracts'
import type { MessageContent } from '../channels/channel-sender.js'
import type { Notice } from '../delivery/notice.js'
import { ticketSubject } from '../delivery/notified-policies.js'

/** `closed`: for every partner that was notified of the ticket. */
export type TicketNews = LadderStep | 'closed'

/** Creates the notice of a ticket for one step of the ladder; all notices of one ticket share a lane. */
export function ticketNotice(ticket: Ticket, news: TicketNews, at: string): Notice {
  const { ticket: number, run, digest, openedAt } = ticket
  const notified = { policy: ticketSubject(number), version: news, digest }
  const type: MessageContent['type'] = news === 'closed' ? 'ticket.closed' : 'ticket.opened'
  const nothing = { bundle: [], release: null, replaced: null }
  return {
    notified,
    run,
    stage: null,
    message: { id: `ticket-${number}.${news}`, type, ...notified, effective: openedAt, at, ...nothing, ticket },
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

/** Public part of an answer: the internal reason stays inside, and so does the signed document, which contains it. */
function publicAnswer({ decision, by, publicReason, at }: TicketAnswer): object {
  return { decision, by, ...(publicReason === undefined ? {} : { reason: publicReason }), at }
}
