import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { UndeliveredTickets } from './undelivered-tickets.js'

type Delivered = ReceivedEvent<'hms.delivery.delivered.v1' | 'hms.delivery.acknowledged.v1'>

@Controller()
export class UndeliveredEvents {
  constructor(private readonly tickets: UndeliveredTickets) {}

  @OnEvent('approver', 'hms.notification.undelivered.v1')
  onUndelivered({ data }: ReceivedEvent<'hms.notification.undelivered.v1'>, { tx }: EventContext): Promise<void> {
    return this.tickets.open(tx, data)
  }

  @OnEvent('approver', 'hms.delivery.delivered.v1', 'hms.delivery.acknowledged.v1')
  onDelivered({ type, data: { run, message, channel } }: Delivered, { tx }: EventContext): Promise<void> {
    return this.tickets.onReached(tx, run, { message, channel, isAcknowledged: type === 'hms.delivery.acknowledged.v1' })
  }
}
