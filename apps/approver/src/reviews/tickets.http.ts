import { MAX_TICKETS_LISTED, type Ticket } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { proofOfStatement, Public, SignedBody, StatementRequestDto, Paged } from '#libs/service'
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { DecideTicket, ticketNotFound } from './decide-ticket.js'
import { TICKETS } from '../tickets/ticket.table.js'
import { TicketsQueryDto } from './tickets.dto.js'

/** Endpoints of tickets: decisions requested from people about a run, mostly after an automatic action. */
@Controller('v1/tickets')
export class TicketsController {
  constructor(
    private readonly database: Database,
    private readonly decideTicket: DecideTicket,
  ) {}

  /** Lists tickets, newest first; `state` selects tickets in that state. */
  @Get()
  @Paged(({ ticket }: Ticket) => ticket, { usual: MAX_TICKETS_LISTED, after: 'before' })
  list(@Query() { state, before, limit }: TicketsQueryDto): Promise<Ticket[]> {
    const where = state === undefined ? undefined : { state }
    return this.database.transaction((tx) =>
      tx.documents(TICKETS).find({ where, orderBy: 'number', descending: true, limit, after: before }),
    )
  }

  /** Returns one ticket with its evidence. */
  @Get(':number')
  async show(@Param('number') number: string): Promise<Ticket> {
    const ticket = await this.database.autocommit((tx) => tx.documents(TICKETS).get(number))
    if (ticket === undefined) throw ticketNotFound(number)
    return ticket
  }

  /** Decides a ticket; returns 202 once the decision is accepted. The signature of the statement authenticates the caller. */
  @Post(':number/decisions')
  @HttpCode(202)
  @Public()
  @SignedBody(proofOfStatement)
  decide(@Param('number') number: string, @Body() { statement }: StatementRequestDto): Promise<Ticket> {
    return this.decideTicket.execute(number, statement)
  }
}
