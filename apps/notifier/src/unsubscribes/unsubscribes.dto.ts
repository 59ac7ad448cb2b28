import { isText } from '#libs/platform'
import type { ResubscribeRequest } from '#libs/contracts'
import { IsIn, IsOptional } from 'class-validator'
import { RedriveDto } from '../redrive/redrive.dto.js'

/** Body that mail clients send for the unsubscribe button (RFC 8058). It may be empty, because only the token counts. */
export class UnsubscribeDto {
  @IsOptional() @IsIn(['One-Click']) 'List-Unsubscribe'?: 'One-Click'
}

export class ResubscribeDto extends RedriveDto implements ResubscribeRequest {
  @isText(320) address!: string
}
