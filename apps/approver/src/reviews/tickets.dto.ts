import { TICKET_STATES, type Envelope, type TicketDecisionRequest, type TicketState } from '#libs/contracts'
import { IsIn, IsObject, IsOptional } from 'class-validator'

/** The envelope is judged where it is verified. */
export class TicketDecisionRequestDto implements TicketDecisionRequest {
  @IsObject()
  statement!: Envelope
}

export class TicketsQueryDto {
  @IsOptional()
  @IsIn(TICKET_STATES)
  state?: TicketState
}
