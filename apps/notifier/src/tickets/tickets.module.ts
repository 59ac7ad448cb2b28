import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { DeliveryModule } from '../delivery/delivery.module.js'
import { TellOfTicket } from './tell-of-ticket.js'
import { TicketEvents } from './ticket.events.js'

@Module({
  imports: [CoreModule, DeliveryModule],
  controllers: [TicketEvents],
  providers: [TellOfTicket],
})
export class TicketsModule {}
