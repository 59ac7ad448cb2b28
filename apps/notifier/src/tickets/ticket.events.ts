import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { NotifyTicket } from './notify-ticket.js'

@Controller()
export class TicketEvents {
  constructor(private readonly notifyTicket: NotifyTicket) {}

  @OnEvent('notifier', 'hms.ticket.opened.v1', 'hms.ticket.escalated.v1')
  opened(
    @Payload() { data }: ReceivedEvent<'hms.ticket.opened.v1' | 'hms.ticket.escalated.v1'>,
    @Ctx() { tx }: EventContext,
  ): Promise<void> {
    return this.notifyTicket.open(tx, data.ticket)
  }

  @OnEvent('notifier', 'hms.ticket.closed.v1')
  closed(@Payload() { data }: ReceivedEvent<'hms.ticket.closed.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.notifyTicket.close(tx, data.ticket)
  }
}
