import type { ResubscribeRequest } from '#libs/contracts'
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator'
import { RedriveDto } from '../redrive/redrive.dto.js'

/** What the button of a mail program says (RFC 8058). The token alone counts: a body may be empty. */
export class UnsubscribeDto {
  @IsOptional()
  @IsIn(['One-Click'])
  'List-Unsubscribe'?: 'One-Click'
}

export class ResubscribeDto extends RedriveDto implements ResubscribeRequest {
  @IsString()
  @MaxLength(320)
  address!: string
}
