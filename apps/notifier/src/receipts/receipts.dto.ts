import { IsOptional, IsString, MaxLength } from 'class-validator'

/** What a partner says when it acknowledges. */
export class AcknowledgementDto {
  /** `webhook-id` of the message; a signed call must name it. */
  @IsOptional()
  @IsString()
  @MaxLength(300)
  acknowledged?: string

  /** Who, or a number of the partner's own: kept with the receipt. */
  @IsOptional()
  @IsString()
  @MaxLength(300)
  note?: string
}
