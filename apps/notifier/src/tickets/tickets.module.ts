import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { DeliveryModule } from '../delivery/delivery.module.js'
import { NotifyTicket } from './notify-ticket.js'
import { TicketEvents } from './ticket.events.js'

@Module({ imports: [CoreModule, DeliveryModule], controllers: [TicketEvents], providers: [NotifyTicket] })
export class TicketsModule {}
