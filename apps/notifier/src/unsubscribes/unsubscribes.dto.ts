import { isText } from '#libs/platform'
import type { ResubscribeRequest } from '#libs/contracts'
import { IsIn, IsOptional } from 'class-validator'
import { RedriveDto } from '../redrive/redrive.dto.js'

/** What the button of a mail program says (RFC 8058). The token alone counts: a body may be empty. */
export class UnsubscribeDto {
  @IsOptional()
  @IsIn(['One-Click'])
  'List-Unsubscribe'?: 'One-Click'
}

export class ResubscribeDto extends RedriveDto implements ResubscribeRequest {
  @isText(320)
  address!: string
}
