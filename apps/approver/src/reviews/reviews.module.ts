import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { RunsModule } from '../runs/runs.module.js'
import { TicketsModule } from '../tickets/tickets.module.js'
import { DecideTicket } from './decide-ticket.js'
import { UndeliveredTickets } from './undelivered-tickets.js'
import { ReviewBreakGlass } from './review-break-glass.js'
import { TicketsController } from './tickets.http.js'
import { UndeliveredEvents } from './undelivered.events.js'

@Module({
  imports: [CoreModule, RunsModule, TicketsModule],
  controllers: [TicketsController, UndeliveredEvents],
  providers: [DecideTicket, UndeliveredTickets, ReviewBreakGlass],
  exports: [ReviewBreakGlass],
})
export class ReviewsModule {}
