import { TICKET_STATES, type TicketState } from '#libs/contracts'
import { IsIn, IsOptional } from 'class-validator'

export class TicketsQueryDto {
  @IsOptional()
  @IsIn(TICKET_STATES)
  state?: TicketState
}
