import { TICKET_STATES, type TicketState } from '#libs/contracts'
import { IsIn, IsOptional } from 'class-validator'
import { NumberedPageDto } from '../runs/runs.dto.js'

export class TicketsQueryDto extends NumberedPageDto {
  @IsOptional() @IsIn(TICKET_STATES) state?: TicketState
}
