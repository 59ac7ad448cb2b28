import { TICKET_STATES, type TicketState } from '#libs/contracts'
import { IsIn, IsOptional } from '#libs/platform'

export class TicketsQueryDto {
  @IsOptional()
  @IsIn(TICKET_STATES)
  state?: TicketState
}
