import type { RedriveManyRequest, RedriveRequest } from '#libs/contracts'
import { Read } from '#libs/platform'
import { IsISO8601, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator'
import { AN_INSTANT, DeliveriesChoiceDto } from '../delivery/deliveries.dto.js'

const trimmed = Read((value) => (typeof value === 'string' ? value.trim() : value))
const NO_REASON = { message: 'reason must say why' }
const MAX_REASON = 1_000

export class RedriveDto implements RedriveRequest {
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
  @IsISO8601(AN_INSTANT, { message: 'until must be a time, for instance 2026-01-31T00:00:00Z' })
  until?: string
}
