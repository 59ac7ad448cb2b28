import { LADDER, type Ticket } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { ticketSubject } from '../delivery/notified-policies.js'
import { PARTNERS, type RegisteredPartner } from '../partners/partner.table.js'
import { ticketNotice } from './ticket-notice.js'

const MAX_PARTNERS = 10_000

/** Notifies the ladder of a ticket: each step is a group of partners, notified on their channels. */
@Injectable()
export class TellOfTicket {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly lanes: DeliveryLanes,
  ) {}

  /** Notifies every step reached so far; no partner is notified twice. */
  async open(tx: Transaction, ticket: Ticket): Promise<void> {
    const partners = await this.partners(tx, ticket)
    for (const { to, at } of ticket.told) {
      const people = partners.filter(({ groups }) => groups.includes(to))
      if (people.length > 0) await this.lanes.add(tx, ticketNotice(ticket, to, at), people)
      else this.runtime.log.warn({ ticket: ticket.ticket, group: to }, 'a ticket notifies no partner: this group is empty')
    }
  }

  async close(tx: Transaction, ticket: Ticket): Promise<void> {
    const steps = LADDER.filter((step) => ticket.told.some(({ to }) => to === step))
    const people = (await this.partners(tx, ticket)).filter(({ groups }) => steps.some((step) => groups.includes(step)))
    if (people.length > 0) await this.lanes.add(tx, ticketNotice(ticket, 'closed', ticket.closedAt ?? tx.now.toISOString()), people)
  }

  private async partners(tx: Transaction, ticket: Ticket): Promise<RegisteredPartner[]> {
    await tx.lock([policyKey(ticketSubject(ticket.ticket))])
    return tx.documents(PARTNERS).find({ limit: MAX_PARTNERS })
  }
}
