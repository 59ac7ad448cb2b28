import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { RunsModule } from '../runs/runs.module.js'
import { TicketsModule } from '../tickets/tickets.module.js'
import { CloseUndelivered } from './close-undelivered.js'
import { DecideTicket } from './decide-ticket.js'
import { OpenUndelivered } from './open-undelivered.js'
import { ReviewBreakGlass } from './review-break-glass.js'
import { TicketsController } from './tickets.http.js'
import { UndeliveredEvents } from './undelivered.events.js'

@Module({
  imports: [CoreModule, RunsModule, TicketsModule],
  controllers: [TicketsController, UndeliveredEvents],
  providers: [DecideTicket, OpenUndelivered, CloseUndelivered, ReviewBreakGlass],
  exports: [ReviewBreakGlass],
})
export class ReviewsModule {}
