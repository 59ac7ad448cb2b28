import type { ResubscribeRequest } from '#libs/contracts'
import { IsString, MaxLength } from 'class-validator'
import { RedriveDto } from '../redrive/redrive.dto.js'

export class ResubscribeDto extends RedriveDto implements ResubscribeRequest {
  @IsString()
  @MaxLength(320)
  address!: string
}
