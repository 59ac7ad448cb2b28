import type { RedriveManyRequest } from '#libs/contracts'
import { isInstant, Read } from '#libs/platform'
import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator'
import { DeliveriesChoiceDto } from '../delivery/deliveries.dto.js'

const trimmed = Read((value) => (typeof value === 'string' ? value.trim() : value))
const NO_REASON = { message: 'reason must say why' }
const MAX_REASON = 1_000

export class RedriveDto {
  /** Kept with the delivery, and in the trail. */
  @trimmed
  @IsString()
  @IsNotEmpty(NO_REASON)
  @MaxLength(MAX_REASON)
  reason!: string
}

export class RedriveManyDto extends DeliveriesChoiceDto implements RedriveManyRequest {
  @trimmed
  @IsString()
  @IsNotEmpty(NO_REASON)
  @MaxLength(MAX_REASON)
  reason!: string

  @IsOptional()
  @isInstant
  until?: string
}
