import { LADDER, type Ticket, type LadderStep, type TicketAnswer } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { Logger } from '#libs/platform'
import { Injectable } from '@nestjs/common'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { ticketSubject } from '../delivery/notified-policies.js'
import { allPartners, type RegisteredPartner } from '../partners/partner.table.js'
import type { MessageContent } from '../channels/channel-sender.js'
import type { Notice } from '../delivery/news.js'

/** Notifies the partners of a ticket's escalation steps. Each step is a group of partners, notified on their channels. */
@Injectable()
export class NotifyTicket {
  constructor(
    private readonly log: Logger,
    private readonly lanes: DeliveryLanes,
  ) {}

  /** Notifies every step reached so far; no partner is notified twice. */
  async open(tx: Transaction, ticket: Ticket): Promise<void> {
    const partners = await this.partners(tx, ticket)
    for (const { to, at } of ticket.told) {
      const people = partners.filter(({ groups }) => groups.includes(to))
      if (people.length > 0) await this.lanes.add(tx, ticketNotice(ticket, to, at), people)
      else {
        const fields = { ticket: ticket.ticket, group: to }
        tx.afterCommit(() => this.log.warn(fields, 'a ticket notifies no partner: this group is empty'))
      }
    }
  }

  async close(tx: Transaction, ticket: Ticket): Promise<void> {
    const steps = LADDER.filter((step) => ticket.told.some(({ to }) => to === step))
    const people = (await this.partners(tx, ticket)).filter(({ groups }) => steps.some((step) => groups.includes(step)))
    if (people.length > 0) await this.lanes.add(tx, ticketNotice(ticket, 'closed', ticket.closedAt ?? tx.now.toISOString()), people)
  }

  private async partners(tx: Transaction, ticket: Ticket): Promise<RegisteredPartner[]> {
    await tx.lock([policyKey(ticketSubject(ticket.ticket))])
    return allPartners(tx)
  }
}

/** `closed`: for every partner that was notified of the ticket. */
type TicketNews = LadderStep | 'closed'

/** Creates the notice of a ticket for one step of the ladder; all notices of one ticket share a lane. */
function ticketNotice(ticket: Ticket, news: TicketNews, at: string): Notice {
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

/** Returns the public part of an answer, without the internal reason and without the signed document, which contains it. */
function publicAnswer({ decision, by, publicReason, at }: TicketAnswer): object {
  return { decision, by, ...(publicReason === undefined ? {} : { reason: publicReason }), at }
}
