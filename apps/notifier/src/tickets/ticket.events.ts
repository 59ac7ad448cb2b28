import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { NotifyTicket } from './notify-ticket.js'

@Controller()
export class TicketEvents {
  constructor(private readonly notifyTicket: NotifyTicket) {}

  @OnEvent('notifier', 'hms.ticket.opened.v1', 'hms.ticket.escalated.v1')
  onOpened({ data }: ReceivedEvent<'hms.ticket.opened.v1' | 'hms.ticket.escalated.v1'>, { tx }: EventContext): Promise<void> {
    return this.notifyTicket.open(tx, data.ticket)
  }

  @OnEvent('notifier', 'hms.ticket.closed.v1')
  onClosed({ data }: ReceivedEvent<'hms.ticket.closed.v1'>, { tx }: EventContext): Promise<void> {
    return this.notifyTicket.close(tx, data.ticket)
  }
}
